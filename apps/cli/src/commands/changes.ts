import { Option, type Command } from 'commander';
import type { Act } from './act.ts';
import { fileOption, waitOption, wholeNumber } from './values.ts';

export function addChanges(program: Command, act: Act): void {
  act(program.command('scale').argument('<service>').argument('<instances>', 'how many there shall be', wholeNumber).summary('make it so many instances')
    .description('Deploys more instances, or stops those with the highest numbers. Root keeps no wished number, so an instance that is deleted later is not replaced.')
    .addOption(waitOption('the new ones are ready, or the stopped ones are gone')), async () => (await import('../instances/scale.ts')).scale);
  act(program.command('restart').argument('<name>', 'a service or one instance').summary('replace instances by new ones')
    .description('Replaces instances one after the other: deploys a new one, waits until it is ready, then stops the old one. The new one has a new number and a new instance address; the service address stays.')
    .option('--stop-first', 'stop the old one first, for services that hold a port of their node'), async () => (await import('../instances/restart.ts')).restart);
  act(program.command('delete').alias('rm').argument('[kind]', 'application, service or instance').argument('[name...]').summary('stop and remove applications, services or instances')
    .description('Stops and removes applications, services or instances, or the applications that a descriptor names. Everything of a kind goes only by --all.')
    .addOption(fileOption()).option('--all', 'every one of this kind').addOption(waitOption('all of it is gone')).option('--ignore-not-found', 'what is not there is no failure'), async () => (await import('../instances/delete.ts')).remove);

  const net = program.command('net').description('Addresses and connections.');
  act(net.command('trace').argument('<from>', 'an instance').argument('<to>', 'a service or instance, a name of the network, or an address').summary('how a connection would go')
    .description('How a connection of an instance would go, and why it might fail, as its node sees it. Sends nothing. Exits with 1 when it would fail.')
    .option('-p, --port <number>', 'port that is called', wholeNumber).addOption(new Option('--protocol <name>').choices(['tcp', 'udp', 'icmp']).default('tcp')), async () => (await import('../network/trace.ts')).trace);
  act(net.command('free').argument('[count]', 'how many', wholeNumber, 1).description('Service addresses that nobody has, to be asked for in a descriptor. Reserves nothing.'), async () => (await import('../network/trace.ts')).freeAddresses);
}
