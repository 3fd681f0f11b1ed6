import { z } from 'zod';

/** What is read of root's answers. All else stays in them as it is, so `-o json` shows what the API said. */
const absent = <S extends z.ZodType>(schema: S) => schema.nullable().optional();

export const instanceSchema = z.looseObject({
  id: z.string(), instance_number: z.int(), service_id: z.string(), application_id: z.string(),
  status: z.string(), status_detail: z.string().default(''), attempt: z.int().default(0), restarts: z.int().default(0),
  cluster: absent(z.string()), node: absent(z.string()), host_ip: absent(z.string()), virtualization: absent(z.string()), route: absent(z.string()),
  instance_ip: absent(z.string()), instance_ip_v6: absent(z.string()), namespace_ip: absent(z.string()), namespace_ip_v6: absent(z.string()),
  exit_code: absent(z.int()), started_at: absent(z.number()), created_at: absent(z.number()), phases_ms: absent(z.record(z.string(), z.number())), stopping: z.boolean().default(false), ready: z.boolean().default(true),
});
export type Instance = z.infer<typeof instanceSchema>;

export const serviceSchema = z.looseObject({
  microserviceID: z.string(), applicationID: z.string(), job_name: z.string(), app_name: z.string(), app_ns: z.string(), microservice_name: z.string(), microservice_namespace: z.string(),
  virtualization: z.string(), code: z.string(), vcpus: z.number().default(0), memory: z.number().default(0), port: z.string().default(''),
  RR_ip: absent(z.string()), RR_ip_v6: absent(z.string()), addresses: absent(z.record(z.string(), z.unknown())),
  instance_list: z.array(instanceSchema).default([]),
});
export type Service = z.infer<typeof serviceSchema>;

export const applicationSchema = z.looseObject({
  applicationID: z.string(), application_name: z.string(), application_namespace: z.string(), application_desc: z.string().default(''), network_policy: z.string().optional(),
  microservices: z.array(z.string()).default([]), userId: absent(z.string()),
});
export type Application = z.infer<typeof applicationSchema>;

const resourcesSchema = z.looseObject({ vcpus: z.number(), memoryMiB: z.number() });
export const clusterSchema = z.looseObject({
  _id: z.string(), cluster_name: z.string(), cluster_location: z.string().default(''), active: z.boolean(), lost: z.boolean().default(false),
  nodes: z.looseObject({ active: z.int(), unknown: z.int(), lost: z.int(), cordoned: z.int() }), total: resourcesSchema, free: resourcesSchema,
  virtualization: z.array(z.string()), last_modified_timestamp: z.number(),
  runtimes: z.array(z.looseObject({ virtualization: z.string(), healthy: z.int(), unhealthy: z.int(), reasons: z.array(z.looseObject({ node: z.string(), reason: z.string() })) })),
});
export type Cluster = z.infer<typeof clusterSchema>;

export const runtimeSchema = z.looseObject({
  virtualization: z.string(), healthy: z.boolean(), reason: z.string().optional(), route: z.string(), version: z.string().optional(), isDefault: z.boolean().optional(), probeMs: z.number().optional(),
});
export const nodeSchema = z.looseObject({
  cluster: z.string(), name: z.string(), state: z.string(), cordoned: z.boolean(), instances: z.int(), lastSeenAtMs: z.number().optional(),
  description: z.looseObject({ hostname: z.string(), arch: z.string(), kernel: z.string(), version: z.string(), address: z.string().optional(), total: resourcesSchema }),
  free: resourcesSchema, runtimes: z.array(runtimeSchema), overlay: z.looseObject({ problem: z.string().optional(), encryption: z.string() }).optional(),
});
export type Node = z.infer<typeof nodeSchema>;

const explanationSchema = z.looseObject({
  evaluated: z.int(), summary: z.string(),
  filtered: z.array(z.looseObject({ reason: z.string(), count: z.int(), text: z.string(), examples: z.array(z.string()) })),
  exhausted: z.array(z.looseObject({ resource: z.string(), needed: z.number(), bestHad: z.number(), count: z.int() })),
  top: z.array(z.looseObject({ name: z.string(), score: z.number() })),
});
export type Explanation = z.infer<typeof explanationSchema>;
const verdictSchema = z.looseObject({ name: z.string(), fits: z.boolean(), reason: z.string().optional(), text: z.string().optional(), score: z.number().optional() });
export type Verdict = z.infer<typeof verdictSchema>;

/** Of an instance: why it is where it is. */
export const placementSchema = z.looseObject({
  instance_number: z.int(), status: z.string(), status_detail: z.string(), cluster: absent(z.string()), node: absent(z.string()),
  root: absent(explanationSchema), cluster_decision: absent(explanationSchema), handed_back: z.array(z.looseObject({ cluster: z.string(), text: z.string() })).default([]),
});
export type Placement = z.infer<typeof placementSchema>;

/** Of a descriptor: who would take it. */
export const forecastSchema = z.looseObject({
  microservices: z.array(z.looseObject({
    name: z.string(), explanation: explanationSchema,
    clusters: z.array(verdictSchema.extend({ nodes: z.array(verdictSchema).default([]), nodes_unknown: z.string().optional() })),
  })),
});
export type Forecast = z.infer<typeof forecastSchema>;

export const traceSchema = z.looseObject({ ok: z.boolean(), steps: z.array(z.looseObject({ ok: z.boolean(), step: z.string(), text: z.string() })) });
export type Trace = z.infer<typeof traceSchema>;

export const freeAddressSchema = z.looseObject({ Address: z.string(), Address_v6: z.string() });
