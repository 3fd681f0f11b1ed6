import { RuntimeError, type Workload } from '@oak/runtime';

/** How runc, crun and runsc, each in several versions, say that the program is not there or may not be run. The group is its name. */
const missingProgram: readonly RegExp[] = [
  /exec: "([^"]+)": (?:executable file not found|stat |no such file|permission denied)/i,
  /(?:executable file|open executable) [`"']?([^`"':]+?)[`"']?(?: not found|:)/i,
  /error finding executable "([^"]+)"/i,
  /failed to load (\S+?):? .*no such file/i,
];

/** What shims say is long; the person wants the command. */
export function startFailure(error: unknown, { name, image, command }: Pick<Workload, 'name' | 'image' | 'command'>): unknown {
  if (!(error instanceof RuntimeError)) return error;
  const program = missingProgram.map((pattern) => pattern.exec(error.message)?.[1]).find((found) => found !== undefined);
  if (program === undefined) return new RuntimeError(error.kind, `${name}: ${error.message}`, { cause: error });
  const source = command.length > 0 ? 'field cmd of the descriptor' : "the image's own command";
  return new RuntimeError('failed', `${name}: ${image} has no program ${JSON.stringify(program)}, or it may not be run (${source}): ${error.message}`, { cause: error });
}
