import { randomBytes } from 'node:crypto';
import { buildTestImage, TestRegistry } from '@oak/runtime-containerd/testing';

/** Images that can not be had, each for a reason of its own. Says on stdout how they are called. */
const registry = await TestRegistry.start();
const small = async (text: string) => buildTestImage({ layers: [{ content: text }] });

const damaged = await small('a byte of this layer is flipped on its way');
const forged = registry.push('bad/forged', '1', await small('what comes is not what the digest says'));
registry.faults.damage = { path: new RegExp(`bad/forged/manifests|blobs/${damaged.layers[0]?.digest}`), times: Infinity };
const large = await buildTestImage({ layers: [{ content: randomBytes(30 << 20).toString('base64') }] });
const foreign = await buildTestImage({ layers: [{ content: 'for another machine' }], platform: { architecture: 's390x' } });

process.stdout.write(`${JSON.stringify({
  damaged: registry.push('bad/damaged', '1', damaged).reference, forged: `${forged.reference}@${forged.digest}`,
  foreign: registry.push('bad/foreign', '1', [foreign]).reference, large: registry.push('bad/large', '1', large).reference,
})}\n`);
