import { randomBytes, randomInt } from 'node:crypto';

const processPart = randomBytes(5).toString('hex');
let counter = randomInt(0x80_00_00);

/** As MongoDB's ObjectId, which Oakestra's ids are: seconds since 1970, five random bytes of this process, a counter. They sort in the order in which they were made. */
export function newId(): string {
  counter = (counter + 1) % 0x1_00_00_00;
  return Math.floor(Date.now() / 1000).toString(16).padStart(8, '0') + processPart + counter.toString(16).padStart(6, '0');
}
