"""What is changed in QuickJS-ng's published source before it is compiled."""

from __future__ import annotations

from typing import NamedTuple


class Patch(NamedTuple):
    """Text in `quickjs.c` that is replaced, exactly so many times."""

    why: str
    old: str
    new: str
    times: int = 1


PATCHES = (
    Patch(
        "error.stack begins with the error's name and message, as V8's does",
        "        js_dbuf_init(ctx, &dbuf);\n        if (stack_trace_limit == 0)\n            goto done;\n        if (filename) {",
        "        js_dbuf_init(ctx, &dbuf);\n        stack_header(ctx, error_obj, &dbuf);\n"
        "        if (stack_trace_limit == 0)\n            goto done;\n        if (filename) {",
    ),
    Patch(
        "a source may begin on line 0, so that what stands before the user's line 1 has no line of its own",
        "        if (options->line_num != 0)\n            line = options->line_num;",
        "        line = options->line_num;",
    ),
    Patch(
        "all blocks come from heap.c: arenas of 4 KB for each of 31 sizes are most of a sandbox that lives so shortly",
        "#define JS_ARENA_LARGE_BLOCKS_ONLY 0",
        "#define JS_ARENA_LARGE_BLOCKS_ONLY 1",
    ),
    Patch(
        "Error.prepareStackTrace gives no hook our own functions; V8 gives none of strict functions either",
        "    csd->func = js_dup(sf->cur_func);\n",
        "    csd->func = JS_UNDEFINED;\n",
    ),
    Patch(
        "bytecode without line numbers has no names of local variables either: they would be most of the table of names",
        "bc_put_atom(s, vd->var_name);",
        "bc_put_atom(s, s->allow_debug ? vd->var_name : JS_ATOM_NULL);",
    ),
    Patch(
        "likewise",
        "bc_put_atom(s, cv->var_name);",
        "bc_put_atom(s, s->allow_debug || cv->closure_type > JS_CLOSURE_REF ? cv->var_name : JS_ATOM_NULL);",
    ),
    Patch(
        "frames of the library say so, as Node's do",
        'atom_str ? atom_str : "<null>");\n',
        'atom_str ? atom_str : "node:internal");\n                if (!atom_str)\n                    line_num1 = -1;\n',
    ),
    # What the snapshot holds is not written to by requests that do not use it: engine.c, heap.c.
    Patch(
        "the names that the snapshot has stay, so nobody counts who uses them",
        "    return (int32_t)v < JS_ATOM_END;",
        "    return (int32_t)v < lasting_atoms;",
    ),
    Patch(
        "but a symbol that Symbol.for gives is a value, and values are counted",
        "                if (!__JS_AtomIsConst(i))\n                    JS_REF_COUNT(p)++;\n",
        "                if (!__JS_AtomIsConst(i) || atom_type != JS_ATOM_TYPE_STRING)\n                    JS_REF_COUNT(p)++;\n",
    ),
    Patch(
        "an engine's function is made when it is first used; what the library used first is the library's own",
        "    realm = js_autoinit_get_realm(pr);\n    func = js",
        "    note_autoinit(p, prs, pr);\n    realm = js_autoinit_get_realm(pr);\n    func = js",
    ),
    Patch(
        "the table has no shapes of the library",
        "    while (*psh != sh)\n        psh = &(*psh)->shape_hash_next;\n    *psh = sh->shape_hash_next;\n    rt->shape_hash_count--;",
        "    while (*psh && *psh != sh)\n        psh = &(*psh)->shape_hash_next;\n    if (!*psh)\n        return;\n"
        "    *psh = sh->shape_hash_next;\n    rt->shape_hash_count--;",
    ),
    # The hash seed is drawn anew for every request, and a Map that a hook filled while it loaded must still be readable.
    Patch(
        "a Map keeps the hash seed that it was made with",
        "typedef struct JSMapState {\n",
        "typedef struct JSMapState {\n    uint32_t hash_seed;\n",
    ),
    Patch("likewise", "    s->is_weak = is_weak;\n", "    s->is_weak = is_weak;\n    s->hash_seed = ctx->hash_seed;\n"),
    Patch("likewise", "= map_hash_key(ctx, ", "= map_hash_key(s, ", 3),
    Patch("likewise", "map_hash_key(JSContext *ctx, ", "map_hash_key(JSMapState *s, "),
    Patch("likewise", "return h ^ ctx->hash_seed ^ hash32(tag);", "return hash32(h ^ s->hash_seed ^ hash32(tag));"),
)
