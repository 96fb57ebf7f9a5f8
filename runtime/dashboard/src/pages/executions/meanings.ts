// Every way in which a hook can fail, by its code.
export const MEANINGS: Readonly<Record<string, string>> = {
  threw: "The hook threw an error, or its promise was rejected.",
  no_answer: "The hook ended without calling cb and without returning a value.",
  answered_twice: "The hook answered more than once.",
  not_a_function: "The hook's source does not export a function.",
  cpu_limit: "The hook used all of its CPU time.",
  wall_limit: "The hook was still waiting when its time was over.",
  memory_limit: "The hook used all of its memory.",
  stack_limit: "The hook's calls were nested too deeply.",
  output_limit: "The hook's answer is too large.",
  operation_limit: "The hook asked for too many operations.",
  malformed_answer: "The hook's answer has the wrong shape, or can not be written as JSON.",
  source_rejected: "The hook's source can not be loaded.",
  sandbox_crashed: "The sandbox stopped in a way that the hook did not choose.",
  circuit_open: "The hook was not run: it broke too often, and is left alone for a while.",
};
