import { z } from 'zod';
import { choice, list, name, record, text, UNUSED } from './fields.ts';
import { microserviceSchema } from './microservice.ts';
import { shown } from './shorten.ts';
import { fault } from './violation.ts';

export const SLA_VERSION = 'v2.0';

/** Who may call an application: only itself, all of its owner's applications, or everyone. */
export const networkPolicies = ['isolated', 'organisation', 'public'] as const;

/** One application: a named group of microservices. */
export const applicationSchema = record({
  /** Empty on new applications; the id of the application when microservices are added to it. Immutable. */
  applicationID: text('Empty for a new application; the id of an application to add microservices to. Optional. Immutable.', 64).default(''),
  /** Required, immutable. */
  application_name: name('Name, 1 to 30 letters and digits. Required. Immutable.'),
  /** Required, immutable. */
  application_namespace: name('Namespace, 1 to 30 letters and digits. Required. Immutable.'),
  /** Optional, mutable. For people. */
  application_desc: text('Description for people. Optional. Mutable.', 10_000).default(''),
  /** Optional, immutable. Who may call its microservices: nobody else, all applications of the organisation, everyone. */
  network_policy: choice('Who may call its microservices: isolated (only the application itself), organisation (all applications of the owner) or public (everyone). Optional, default organisation. Immutable.', networkPolicies).default('organisation'),
  /** Required, may be empty. */
  microservices: list(microserviceSchema, 'Its microservices. Required, may be empty.', 1024),
}, 'an application').meta({ id: 'Application', description: 'A named group of microservices.' });

export type Application = z.output<typeof applicationSchema>;

const version = z.literal(SLA_VERSION, {
  error: ({ input }) => {
    if (input === undefined) return fault('is missing', `add "sla_version": "${SLA_VERSION}"`);
    if (input === 'v1.0') return fault('version v1.0 is no longer supported', `write "${SLA_VERSION}" and the fields of that version`);
    return fault(`must be "${SLA_VERSION}", is ${shown(input)}`, `write "sla_version": "${SLA_VERSION}"`);
  },
}).describe(`Version of the descriptor's format: ${SLA_VERSION}. Required.`);

/** The deployment descriptor, version 2.0. */
export const slaSchema = record({
  /** Required: `v2.0`. */
  sla_version: version,
  /** Optional, ignored: the caller is known from the login. */
  customerID: text('Ignored: the caller is known from the login. Optional.').default(''),
  /** Required. */
  applications: list(applicationSchema, 'The applications. Required.', 64),
  args: list(text('An argument.'), 'Optional. Accepted, not used.').default([]).meta(UNUSED),
}, 'a descriptor').meta({ title: 'Oakestra deployment descriptor', description: 'What to deploy: applications and their microservices (SLA v2.0).' });

/** A parsed descriptor: defaults filled in, unknown fields gone. It is itself valid input. */
export type Sla = z.output<typeof slaSchema>;
