import { distance } from 'fastest-levenshtein';

/** Words that people write for fields whose names look different. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['image', 'code'], ['env', 'environment'], ['cpu', 'vcpus'], ['cpus', 'vcpus'], ['gpu', 'vgpus'], ['gpus', 'vgpus'], ['ram', 'memory'], ['disk', 'storage'],
  ['command', 'cmd'], ['name', 'microservice_name'], ['namespace', 'microservice_namespace'], ['runtime', 'virtualization'], ['api_version', 'sla_version'], ['version', 'sla_version'],
]);
const LONGEST_KEY = 40;

/** The known field that an unknown key was probably meant to be. */
export function nearestField(key: string, fields: readonly string[]): string | undefined {
  if (key.length > LONGEST_KEY) return undefined;
  const word = key.toLowerCase();
  const synonym = SYNONYMS.get(word);
  if (synonym !== undefined && fields.includes(synonym)) return synonym;
  const ranked = fields.map((field) => ({ field, away: distance(word, field.toLowerCase()) })).sort((a, b) => a.away - b.away);
  const best = ranked[0];
  return best && best.away <= Math.max(1, Math.floor(word.length / 3)) ? best.field : undefined;
}
