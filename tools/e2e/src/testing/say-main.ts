import { text } from 'node:stream/consumers';
import { RawClient } from '@oak/identity/testing';
import type { Parcel } from './wire.ts';

/** On stdin: port, credentials, and what to say; on stdout what the server had against it. */
const { port, creds, parcels } = JSON.parse(await text(process.stdin)) as { port: number; creds: string; parcels: readonly Parcel[] };
const errors: string[] = [];

const client = await RawClient.connect(port, creds);
for (const { subject, text: payload } of parcels) client.publish(subject, payload, `${subject}.answer`);
await client.flush().catch((error: unknown) => { errors.push(String(error)); });
errors.push(...client.errors);
client.close();
process.stdout.write(JSON.stringify(errors));
