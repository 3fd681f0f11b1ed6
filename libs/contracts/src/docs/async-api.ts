import { z } from 'zod';
import { messages, type Message } from '../messages.ts';

type Json = Readonly<Record<string, unknown>>;

/** AsyncAPI 3 of the bus, from the schemas that every message is parsed with. `receive`: the party `to` hears it. */
export function asyncApi(): Json {
  return {
    asyncapi: '3.0.0',
    info: { title: 'Oakestra on NATS', version: '1', description: 'Payloads are plain JSON on core NATS subjects. The speaker is named by the subject, never by the payload.' },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(messages.flatMap((message): [string, Json][] => [[message.name, channel(message)], ...(message.definition.reply ? [[`${message.name}Reply`, replyChannel(message)] satisfies [string, Json]] : [])])),
    operations: Object.fromEntries(messages.map((message) => [message.name, operation(message)])),
    components: {
      messages: Object.fromEntries(messages.flatMap(messageEntries)),
    },
  };
}

function messageEntries({ name, summary, definition }: Message): [string, Json][] {
  const own: [string, Json] = [name, { summary, payload: schemaOf(definition.payload) }];
  return definition.reply ? [own, [`${name}Reply`, { summary: `Reply to ${name}`, payload: schemaOf(definition.reply) }]] : [own];
}

function channel({ name, definition }: Message): Json {
  const names = ['cluster', 'node'].slice(0, definition.subject.split('*').length - 1);
  const address = names.reduce((subject, one) => subject.replace('*', `{${one}}`), definition.subject);
  return { address, parameters: Object.fromEntries(names.map((one) => [one, { description: `Name of the ${one}` }])), messages: { [name]: { $ref: `#/components/messages/${name}` } } };
}

function replyChannel({ name }: Message): Json {
  return { address: null, messages: { [`${name}Reply`]: { $ref: `#/components/messages/${name}Reply` } } };
}

function operation({ name, from, to, summary, definition }: Message): Json {
  return {
    action: 'receive', title: `${from} -> ${to}`, summary, channel: { $ref: `#/channels/${name}` },
    ...(definition.reply && { reply: { channel: { $ref: `#/channels/${name}Reply` } } }),
  };
}

function schemaOf(schema: z.ZodType): Json {
  return { ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) };
}
