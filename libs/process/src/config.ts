import { z } from 'zod';

/** The environment does not say what a process needs to know. Names every variable at fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads the variables that `schema` names, once, at the start. @throws ConfigError */
export function readConfig<S extends z.ZodType>(schema: S, env: Readonly<Record<string, string | undefined>>): z.infer<S> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? 'environment');
    return `  ${name}=${env[name] ?? '(not set)'}: ${issue.message}`;
  });
  throw new ConfigError(`The environment is not as this process needs it:\n${faults.join('\n')}`);
}

export interface Listen { readonly host: string; readonly port: number }

/** `host:port` or `[v6]:port`. */
export const listenSchema = z.string().transform((text, context): Listen => {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'expected host:port, e.g. 127.0.0.1:10000' });
    return z.NEVER;
  }
  return { host: match[1] ?? match[2] ?? '', port };
});

/** A number of milliseconds in an environment variable. */
export const millisecondsSchema = z.string().regex(/^\d{1,9}$/, 'expected whole milliseconds').transform(Number);
