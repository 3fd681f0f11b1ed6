import { z } from 'zod';

/** Without `limit` a list comes whole, as Oakestra's clients expect it. */
export const pageSchema = z.object({ limit: z.coerce.number().int().min(1).max(1_000).optional(), after: z.string().max(64).optional() });
export type PageQuestion = z.infer<typeof pageSchema>;
/** For `@ApiQuery`. */
export const limitQuery = { name: 'limit', required: false, schema: { type: 'integer', maximum: 1000 }, description: 'Only so many, by id; without it all' } as const;
export const afterQuery = { name: 'after', required: false, description: 'The last id of the page before' } as const;

export interface Replier { header(name: string, value: string): unknown }
interface Asked { readonly url: string }

/** A page of what is in the order of ids. When there are more, the header Link says where (RFC 8288): the body stays a plain list. */
export function paged<T extends { readonly id: string }>(all: readonly T[], { limit, after }: PageQuestion, { url }: Asked, reply: Replier): readonly T[] {
  const rest = after === undefined ? all : all.filter(({ id }) => id > after);
  if (limit === undefined || rest.length <= limit) return rest;
  const page = rest.slice(0, limit);
  const next = new URL(url, 'http://root');
  next.searchParams.set('after', page.at(-1)?.id ?? '');
  reply.header('link', `<${next.pathname}${next.search}>; rel="next"`);
  return page;
}
