/** What a runtime can do, as data: API, CLI and dashboard read it, nobody asks for a runtime's name. */
export interface Capabilities {
  readonly exec: boolean;
  readonly console: boolean;
  readonly volumes: boolean;
  readonly environment: boolean;
  readonly gpu: boolean;
  readonly ipv6: boolean;
  readonly limits: boolean;
  readonly stats: boolean;
  readonly pause: boolean;
  readonly privileged: boolean;
}
