import { expect, test } from 'vitest';
import { slaJsonSchema } from './json-schema.ts';
import { microserviceSchema } from './microservice.ts';
import { applicationSchema } from './sla.ts';

interface Described { description?: string; deprecated?: boolean; properties?: Record<string, Described>; required?: string[] }

const schema = slaJsonSchema() as unknown as Described & { $defs: Record<string, Described> };

test('every field is described', () => {
  const fields = [schema, ...Object.values(schema.$defs)].flatMap(({ properties = {} }) => Object.entries(properties));
  expect(fields.filter(([, { description }]) => !description)).toEqual([]);
  expect(Object.keys(schema.$defs['Microservice']?.properties ?? {})).toEqual(Object.keys(microserviceSchema.shape));
  expect(Object.keys(schema.$defs['Application']?.properties ?? {})).toEqual(Object.keys(applicationSchema.shape));
});

test('only what cannot be left out is required', () => {
  expect(schema.required).toEqual(['sla_version', 'applications']);
  expect(schema.$defs['Microservice']?.required).toEqual(['microservice_name', 'microservice_namespace', 'virtualization', 'code']);
});

test('fields that nothing evaluates are marked', () => {
  const marked = Object.entries(schema.$defs['Microservice']?.properties ?? {}).filter(([, { deprecated }]) => deprecated).map(([key]) => key);
  expect(marked).toEqual(['connectivity', 'vtpus', 'bandwidth_in', 'bandwidth_out', 'state', 'args', 'added_files', 'sla_violation_strategy', 'target_node', 'vm_images', 'platform']);
});
