import type { NodeOptions } from '@oak/node-engine/composition';

type Net = NodeOptions['net'];
type Attachment = Awaited<ReturnType<Net['attach']>>;

/** The network of one node, reduced to the promise that an instance has one before it starts and none when it is gone. */
export class MemoryNet implements Net {
  readonly attached = new Map<string, Attachment>();

  attach: Net['attach'] = ({ instanceId, name, ports }) => {
    const attachment: Attachment = {
      instanceId, name, ports, netnsPath: `/run/netns/${instanceId}`, ipv4: '10.18.0.2', ipv6: 'fc00::2', gatewayIpv4: '10.18.0.1', gatewayIpv6: 'fc00::1',
      mac: '02:00:00:00:00:01', nameservers: [], searchDomains: [],
    };
    this.attached.set(instanceId, attachment);
    return Promise.resolve(attachment);
  };

  detach: Net['detach'] = (instanceId) => {
    this.attached.delete(instanceId);
    return Promise.resolve();
  };

  list: Net['list'] = () => Promise.resolve([...this.attached.values()]);

  watch: Net['watch'] = () => () => undefined;
}
