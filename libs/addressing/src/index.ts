export { parseAddress, printAddress, type Address, type Family } from './address.ts';
export { contains, nth, offsetOf, parseSubnet, printSubnet, sizeOf, subnetAround, type Subnet } from './subnet.ts';
export {
  defaultNodePlan, nodeBlock, nodeBlockCount, nodeRangesOf, nodesMost, overlaps, servicePlanOf, serviceRangesOf, subnetsOfBlock, subnetsPerBlock, type NodePlan, type NodeSubnet,
} from './node-blocks.ts';
export {
  defaultServicePlan, ServiceAddresses, type AddressPair, type AddressPins, type AddressPurpose, type Lease, type PairPicked, type ServicePlan,
} from './service-addresses.ts';
export { gatewayOffset, pickAddress, usable, type Picked } from './pick-address.ts';
export {
  isReachable, RoutePlanner, serviceEntryOf, type Host, type RoutedInstance, type RoutePlannerOptions, type RouteSink, type ServiceEntry,
} from './route-planner.ts';
export { chainedOf, routesOf } from './routes-message.ts';
