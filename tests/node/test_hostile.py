"""A catalogue of what a hook in Node may try, and what must come of it: a clean error, and the engine as before.

What would be had outside is tried three times: behind all walls, and behind each wall alone and without Node's own permissions,
which are a belt and no wall.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from unittest.mock import patch

import pytest
import pytest_asyncio

from runtime.model import Answer, Failure, Limits, Refusal
from runtime.node import command, conversation
from runtime.node.conversation import Conversation
from runtime.node.engine import NodeSandbox
from runtime.node.jail import LANDLOCK, NAMESPACES, WALLS
from runtime.node.pool import Pool
from runtime.node.processes import open_processes
from tests.node.waiting import until_ready
from tests.sandbox.running import AMPLE, LIMITS

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = "module.exports = (n, cb) => { globalThis.seen = (globalThis.seen || 0) + n; cb(null, globalThis.seen); };"
# What a hook writes to its own descriptor.
SENDS = """const send = (text, size) => { const head = Buffer.alloc(4); head.writeUInt32LE(size ?? Buffer.byteLength(text));
  require('fs').writeSync(3, Buffer.concat([head, Buffer.from(text)])); };"""
LONG = "return new Promise((resolve) => setTimeout(resolve, 60e3, 1));"


@pytest_asyncio.fixture(
    loop_scope="module", scope="module", params=[[*WALLS, "belt"], [NAMESPACES], [LANDLOCK]], ids="+".join
)
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[NodeSandbox]:
    """The engine behind these walls; with Node's permissions where there is a belt."""
    plan = command.plan_of(command.find(""), LIMITS, [wall for wall in request.param if wall in WALLS])
    if "belt" not in request.param:
        plan = replace(plan, command=[word for word in plan.command if "permission" not in word])
    sandbox = NodeSandbox(Pool(plan, await open_processes(plan), 3), 12)
    yield sandbox
    assert sandbox.busy == 0
    await sandbox.close()


# Name: what an async hook tries, each to be an error.
ATTEMPTS = {
    "files are read": """for (const file of ['/etc/passwd', '/etc/shadow', '/proc/self/environ', '/proc/1/environ', '/proc/self/mem', '/proc/self/maps',
      '/proc/mounts', '/sys/kernel/version', '/dev/mem', '/root/.bashrc', '.hookd/hookd.db', 'master.key', '/hook.js', '/proc/self/exe', '/proc/self/root/etc/passwd'])
      await attempt(file, () => fs.readFileSync(file));""",
    "files are read by another way": """const { createRequire } = require('module');
      await attempt('buffer', () => fs.readFileSync(Buffer.from('/etc/passwd'))); await attempt('url', () => fs.readFileSync(new URL('file:///etc/passwd')));
      await attempt('bytes', () => fs.readFileSync(new Uint8Array(Buffer.from(process.execPath + '/../../../../../../../../etc/passwd'))));
      await attempt('above', () => fs.readFileSync(process.execPath + '/../../../../../../../../../../etc/passwd'));
      await attempt('blob', async () => (await fs.openAsBlob('/etc/passwd')).text()); await attempt('stream', () => once(fs.createReadStream('/etc/passwd'), 'data'));
      await attempt('handle', async () => (await fs.promises.open('/etc/passwd')).readFile()); await attempt('copy', () => fs.cpSync('/etc/passwd', '/tmp/p'));
      await attempt('require', () => require('/etc/passwd')); await attempt('created', () => createRequire('/x.js')('/etc/hostname'));
      await attempt('constructor', () => module.constructor.createRequire('/x.js')('/etc/hostname')); await attempt('load', () => require('module')._load('/etc/hostname'));
      await attempt('import', () => import('file:///etc/hostname')); await attempt('environment', () => process.loadEnvFile('/etc/os-release'));
      await attempt('binding', () => process.binding('fs').open('/etc/passwd', 0, 0o666)); await attempt('internal', () => require('internal/fs/utils'));
      if (!globalThis.Deno) await attempt('heap', () => require('v8').writeHeapSnapshot('/tmp/x.heap')); await attempt('report', () => { if (!process.report.writeReport('/tmp/x.json')) throw new Error('none'); });""",
    "by Deno's own names": """const D = globalThis.Deno; if (!D) return succeeded;
      await attempt('read', () => D.readTextFileSync('/etc/passwd')); await attempt('write', () => D.writeTextFileSync('/tmp/x', 'x'));
      await attempt('list', () => [...D.readDirSync('/etc')]); await attempt('run', () => new D.Command('/bin/sh').outputSync());
      await attempt('connect', () => D.connect({ port: 22, hostname: '127.0.0.1' })); await attempt('listen', () => D.listen({ port: 0 }));
      await attempt('environment', () => { if (!Object.keys(D.env.toObject()).length) throw new Error('none'); }); await attempt('library', () => D.dlopen('/lib/x86_64-linux-gnu/libc.so.6', {}));
      await attempt('kill', () => D.kill(2, 'SIGKILL')); await attempt('host', () => D.hostname()); await attempt('rights', async () => { if ((await D.permissions.request({ name: 'read' })).state !== 'granted') throw new Error('none'); });""",
    "folders are listed": """for (const folder of ['/etc', '/home', '/root', '/proc', '/sys', '/dev', '/tmp', '/var', '/proc/self/fd'])
      if (!process.execPath.startsWith(folder + '/')) await attempt(folder, () => fs.readdirSync(folder));""",
    "files are written": """for (const file of ['/tmp/x', '/dev/shm/x', '/x', 'x', '/var/tmp/x', '/run/x', '/hook.js', process.execPath])
      await attempt(file, () => fs.writeFileSync(file, 'x'));
      await attempt('mkdir', () => fs.mkdirSync('/tmp/d')); await attempt('mkdtemp', () => fs.mkdtempSync('/tmp/d'));
      await attempt('link', () => fs.symlinkSync('/etc/passwd', '/tmp/l')); await attempt('unlink', () => fs.unlinkSync('/etc/passwd'));
      await attempt('chmod', () => fs.chmodSync('/etc/passwd', 0o777)); await attempt('rename', () => fs.renameSync('/etc/passwd', '/tmp/p'));
      await attempt('truncate', () => fs.truncateSync('/etc/hostname', 0)); await attempt('utimes', () => fs.utimesSync('/etc/hostname', 1, 1));
      await attempt('promises', () => fs.promises.writeFile('/tmp/x', 'x')); await attempt('stream', () => once(fs.createWriteStream('/tmp/x'), 'open'));""",
    "sqlite": """let sqlite; try { sqlite = require('node:sqlite'); } catch {}
      await attempt('open', () => { if (!sqlite) throw new Error('none'); new sqlite.DatabaseSync('/tmp/zz.db').exec('create table t (a)'); });
      await attempt('attach', () => { if (!sqlite) throw new Error('none'); new sqlite.DatabaseSync(':memory:').exec("attach '/tmp/zz.db' as z; create table z.t (a)"); });""",
    "the network": """const net = require('net'), dgram = require('dgram');
      for (const [host, port] of [['127.0.0.1', 22], ['::1', 22], ['169.254.169.254', 80], ['10.0.0.1', 80], ['1.1.1.1', 53]])
        await attempt(host, () => once(net.connect(port, host), 'connect'));
      await attempt('unix', () => once(net.connect('/run/systemd/notify'), 'connect'));
      await attempt('abstract', () => once(net.connect('\\0x'), 'connect'));
      await attempt('listen', () => once(net.createServer().listen(0, '127.0.0.1'), 'listening'));
      await attempt('listen unix', () => once(net.createServer().listen('\\0hookd'), 'listening'));
      await attempt('udp', () => { const s = dgram.createSocket('udp4'); return new Promise((ok, no) => { s.on('error', no); s.bind(0, ok); }); });
      await attempt('http2', () => once(require('http2').connect('http://127.0.0.1:22'), 'connect'));
      await attempt('tls', () => once(require('tls').connect(443, '127.0.0.1'), 'secureConnect'));""",
    "names are resolved": """const dns = require('dns').promises;
      await attempt('lookup', () => dns.lookup('example.com')); await attempt('resolve', () => dns.resolve4('example.com', {}));
      await attempt('resolver', () => { const r = new dns.Resolver({ timeout: 50, tries: 1 }); r.setServers(['127.0.0.1']); return r.resolve4('example.com'); });""",
    "processes are made": """const cp = require('child_process');
      await attempt('spawn', () => once(cp.spawn('/bin/sh', ['-c', 'id']), 'spawn')); await attempt('exec', () => cp.execSync('id'));
      await attempt('self', () => once(cp.spawn(process.execPath, ['-e', '1']), 'spawn')); await attempt('fork', () => once(cp.fork('/hook.js'), 'spawn'));
      await attempt('sync', () => { const r = cp.spawnSync('/bin/sh'); if (r.error) throw r.error; });
      await attempt('cluster', () => once(require('cluster').fork(), 'online'));""",
    "others are signalled": """for (const pid of [-1, 0, 2, process.ppid || 2, 99999]) await attempt(pid, () => process.kill(pid, 'SIGKILL'));
      await attempt('zero', () => process.kill(process.ppid || 2, 0));""",
    "rights are taken": """await attempt('uid', () => process.setuid(0)); await attempt('gid', () => process.setgid(0)); await attempt('groups', () => process.setgroups([0]));
      await attempt('chroot', () => process.chroot('/')); await attempt('priority', () => require('os').setPriority(-20));""",
    "machine code": """await attempt('dlopen', () => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6'));
      await attempt('engine', () => { require('crypto').setEngine('/tmp/engine.so'); }); await attempt('extension', () => new (require('node:sqlite').DatabaseSync)(':memory:', { allowExtension: true }).loadExtension('/tmp/x.so'));
      await attempt('spawn', () => { if (process.binding('spawn_sync').spawn({ file: '/bin/sh', args: ['sh'] }).error) throw new Error('none'); });
      await attempt('inspector', () => { const i = require('inspector'); i.open(0, '127.0.0.1'); if (!i.url()) throw new Error('none'); });""",
}
ATTEMPT = """const fs = require('fs'), { once: wait } = require('events');
  const once = (emitter, event) => Promise.race([wait(emitter, event), new Promise((_, no) => setTimeout(no, 300, new Error('nothing')))]);
  const succeeded = [];
  const attempt = async (name, what) => { try { await what(); succeeded.push(String(name)); } catch {} };"""


@pytest.mark.parametrize("name", ATTEMPTS)
async def test_nothing_is_to_be_had_outside(sandbox: NodeSandbox, name: str):
    """Every attempt throws, and the hook goes on; which it can say."""
    outcome = await outcome_of(sandbox, f"{ATTEMPT} {ATTEMPTS[name]} return succeeded;")

    assert outcome == Answer([])


LONGER = replace(AMPLE, cpu_ms=1_500)
SHORT = replace(LONGER, wall_ms=1_500)
ENDING_AT = {
    None: replace(LONGER, cpu_ms=400, wall_ms=4_000),
    "cpu_limit": replace(LONGER, cpu_ms=400),
    "wall_limit": SHORT,
}
"""What ends at a limit has less of it to use up."""
# Name: the body of an async hook, the failure's code, and how its message begins.
ENDS = {
    "exit": ("process.exit(0);", "sandbox_crashed", "The sandbox stopped: the process ended with the exit status 0."),
    "exit 137": (
        "process.exit(137);",
        "sandbox_crashed",
        "The sandbox stopped: the process ended with the exit status 137.",
    ),
    "reallyExit": ("process.reallyExit(0);", "sandbox_crashed", "The sandbox stopped: the process ended"),
    "abort": ("process.abort();", "sandbox_crashed", "The sandbox stopped: the process was ended by SIG"),
    "exit in a timer": (
        "setTimeout(() => process.exit(1), 1); await new Promise(() => {});",
        "sandbox_crashed",
        "The sandbox stopped: the process ended",
    ),
    "a fork bomb": (
        "const cp = require('child_process'); for (;;) try { cp.spawn(process.execPath); } catch {}",
        None,
        "",
    ),
    "workers without end": (
        "const { Worker } = require('worker_threads'); for (;;) try { new Worker('for(;;);', { eval: true }).on('error', () => {}); } catch {}",
        None,
        "",
    ),
    "a worker that computes": (
        "try { new (require('worker_threads').Worker)('for (;;);', { eval: true }); } catch { for (;;); } await new Promise(() => {});",
        None,
        "",
    ),
    "threads of libuv": (
        "const { pbkdf2 } = require('crypto'); for (let i = 0; i < 4; i++) pbkdf2('a', 'b', 1e9, 64, 'sha512', () => {}); await new Promise(() => {});",
        None,
        "",
    ),
    "Atomics.wait": ("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Infinity);", "wall_limit", ""),
    "a loop in WebAssembly": (
        "const m = new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,9,1,7,0,3,64,12,0,11,11])); new WebAssembly.Instance(m).exports.f();",
        "cpu_limit",
        "",
    ),
    "ignoring signals": (
        "for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGXCPU', 'SIGUSR2']) process.on(s, () => {}); for (;;);",
        "cpu_limit",
        "",
    ),
    "buffers without end": ("const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));", "memory_limit", ""),
    "objects without end": ("const all = []; for (;;) all.push({ a: [all.length] });", "memory_limit", ""),
    "WebAssembly's memory": (
        "const all = []; for (;;) { const m = new WebAssembly.Memory({ initial: 1000 }); new Uint8Array(m.buffer).fill(1); all.push(m); }",
        "memory_limit",
        "",
    ),
    "a large answer": ("return 'x'.repeat(1e7);", "output_limit", ""),
    "half a frame": (
        f"{SENDS} send('{{', 100); process.exit(0);",
        "sandbox_crashed",
        "The sandbox stopped: the process ended",
    ),
    "a frame of a gigabyte": (
        f"{SENDS} send('x', 1 << 30); {LONG}",
        "sandbox_crashed",
        "The sandbox stopped: it began a message that is longer than any may be.",
    ),
    "no JSON": (f"{SENDS} send('no'); {LONG}", "sandbox_crashed", "The sandbox stopped: the reply is not JSON."),
    "a list": (f"{SENDS} send('[]'); {LONG}", "sandbox_crashed", "The sandbox stopped: the reply is not an object."),
    "an unknown kind": (
        f'{SENDS} send(\'{{"outcome":"granted","console":[]}}\'); {LONG}',
        "sandbox_crashed",
        "The sandbox stopped: the reply is of no known kind.",
    ),
    "an unknown failure": (
        f'{SENDS} send(\'{{"outcome":"failure","code":"x","console":[]}}\'); {LONG}',
        "sandbox_crashed",
        "The sandbox stopped: the failure is of no known kind.",
    ),
    "nothing but frames": (
        f"{SENDS} for (;;) send('{{\"refused\":true}}');",
        "sandbox_crashed",
        "The sandbox stopped: it said more than it may.",
    ),
    "bytes without end": (
        "for (const b = Buffer.alloc(1 << 16, 10);;) require('fs').writeSync(3, b);",
        "sandbox_crashed",
        "The sandbox stopped: it ",
    ),
    "the descriptor closed": (f"require('fs').closeSync(3); {LONG}", "sandbox_crashed", "The sandbox stopped:"),
    "standard error without end": (
        "for (const b = Buffer.alloc(1 << 16, 10);;) require('fs').writeSync(2, b);",
        "wall_limit",
        "",
    ),
}


@pytest.mark.parametrize("name", ENDS)
async def test_every_end_is_clean(node: NodeSandbox, name: str):
    """With its own failure; the next hook has a process that knows nothing of it."""
    body, code, message = ENDS[name]
    outcome = await outcome_of(node, body, ENDING_AT.get(code, LONGER))

    assert isinstance(outcome, Failure), outcome
    assert code in (None, outcome.code), outcome
    assert outcome.message.startswith(message)


@pytest.mark.parametrize(
    "body, answer",
    [
        (
            "process.kill(process.pid, 'SIGTERM'); await new Promise((r) => setTimeout(r, 20)); return 'alive';",
            ("alive", "SIGTERM"),
        ),
        (
            "process.kill(process.pid, 'SIGSTOP'); await new Promise((r) => setTimeout(r, 20)); return 'alive';",
            ("alive", "wall_limit"),
        ),
        (
            "process.kill(process.pid, 'SIGKILL'); await new Promise((r) => setTimeout(r, 20)); return 'alive';",
            ("alive", "SIGKILL"),
        ),
    ],
    ids=["SIGTERM", "SIGSTOP", "SIGKILL"],
)
async def test_a_signal_to_itself(sandbox: NodeSandbox, body: str, answer: tuple[str, str]):
    """The first process of a namespace does not hear it; elsewhere it is its own end, or the clock's."""
    outcome = await outcome_of(sandbox, body, SHORT)

    assert any(word in str(outcome) for word in answer)


async def test_what_a_process_is_given_is_all_that_it_has(sandbox: NodeSandbox):
    """No environment, no argument, no other descriptor, and no secret before its request."""
    body = """const fs = require('fs'); const open = [];
      for (let fd = 4; fd < 200; fd++) try { const s = fs.fstatSync(fd); if (s.isFile() || s.isDirectory() || s.isSocket() || s.isBlockDevice()) open.push(fd); } catch {}
      return { environment: Object.keys(process.env), arguments: process.argv.slice(1), options: process.execArgv, open };"""

    assert await outcome_of(sandbox, body) == Answer({"environment": [], "arguments": [], "options": [], "open": []})


async def test_a_forged_answer_is_only_the_hooks_own(node: NodeSandbox):
    """Whoever writes to the descriptor answers for itself, once: as if it had called cb."""
    body = f'{SENDS} send(\'{{"outcome":"answer","value":1,"console":[]}}\'); send(\'{{"outcome":"answer","value":2,"console":[]}}\'); {LONG}'

    assert await outcome_of(node, body) == Answer(1)


@pytest.mark.parametrize("kind", ["failure", "refusal"])
async def test_what_is_forged_is_no_longer_than_what_is_not(node: NodeSandbox, kind: str):
    """It is kept in a record, and told to whoever asked for a token."""
    body = f"""{SENDS} const long = 'x'.repeat(2e5);
      send(JSON.stringify({{ outcome: '{kind}', console: [], code: 'threw', name: long, message: long, stack: long, properties: JSON.stringify({{ long }}) }})); {LONG}"""
    outcome = await outcome_of(node, body)

    assert isinstance(outcome, Failure | Refusal)
    assert (len(outcome.name), len(outcome.message), len(outcome.stack)) == (128, 4_096, 8_192)
    assert isinstance(outcome, Failure) or outcome.properties == {}


async def test_a_long_answer_that_is_forged_is_none(node: NodeSandbox):
    """The limit is the host's."""
    body = f"{SENDS} send(JSON.stringify({{ outcome: 'answer', console: [], value: 'x'.repeat(2 * {LONGER.output_bytes}) }})); {LONG}"
    outcome = await outcome_of(node, body)

    assert isinstance(outcome, Failure)
    assert outcome.code == "output_limit"


async def test_who_says_much_at_once_is_not_alone(node: NodeSandbox):
    """Whatever else waits for the event loop comes in between."""
    body = f"{SENDS} const one = '{{\"refused\":true}}', head = Buffer.alloc(4); head.writeUInt32LE(one.length); \
      const all = Buffer.concat(Array(3000).fill(Buffer.concat([head, Buffer.from(one)]))); require('fs').writeSync(3, all); return 1;"
    program = node.load(await node.make_image(f"module.exports = async () => {{ {body} }};"))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    heard: list[int] = []
    hear = Conversation._message

    async def noted(self: Conversation) -> bytes | None:
        heard.append(turns)
        return await hear(self)

    with patch.object(Conversation, "_message", noted):
        done = await node.run(program, b"[]", LONGER)
    other.cancel()

    assert done.outcome == Answer(1)
    assert max(heard.count(turn) for turn in set(heard)) <= 2 * conversation._AT_ONCE


async def test_a_console_that_is_forged_has_its_limits(node: NodeSandbox):
    """Lines and bytes are counted by the host, too."""
    lines = ",".join(['["info","x"]'] * 500)
    body = f'{SENDS} for (let i = 0; i < 3; i++) send(`{{"outcome":"loaded","console":[{lines}]}}`); return 1;'
    program = node.load(await node.make_image(f"module.exports = async () => {{ {body} }};"))
    done = await node.run(program, b"[]", AMPLE)

    assert done.outcome == Answer(1)
    assert len(done.console) == AMPLE.console_lines + 1
    assert done.console[-1].text == f"console_limit: {1500 - AMPLE.console_lines} more lines were not kept."


async def outcome_of(sandbox: NodeSandbox, body: str, limits: Limits = LONGER) -> object:
    """What comes of a hook of this body, and the good hook is as before."""
    outcome = await end_of(sandbox, body, limits)
    await hold_good(sandbox)
    return outcome


async def end_of(sandbox: NodeSandbox, body: str, limits: Limits = LONGER) -> object:
    """What comes of a hook of this body."""
    program = sandbox.load(await sandbox.make_image(f"module.exports = async (cb) => {{ {body} }};"))
    await until_ready(sandbox)
    return (await sandbox.run(program, b"[]", limits)).outcome


async def hold_good(sandbox: NodeSandbox) -> None:
    """The good hook is as before."""
    good = sandbox.load(await sandbox.make_image(GOOD))
    assert (await sandbox.run(good, b"[1]", AMPLE)).outcome == Answer(1)
