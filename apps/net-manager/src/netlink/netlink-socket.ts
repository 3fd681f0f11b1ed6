import { closeSync, openSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

const family = 16;
const raw = 3;
const dontWait = 0x40;
const closeOnExec = 0o2000000;
const newNetns = 0x40000000;
/** `SOL_SOCKET` with `SO_SNDBUFFORCE` and `SO_RCVBUFFORCE`, `SOL_NETLINK` with `NETLINK_CAP_ACK` and `NETLINK_EXT_ACK`. */
const options = { socket: 1, sendBytes: 32, receiveBytes: 33, netlink: 270, capAck: 10, extAck: 11 } as const;
const receiveBytes = 4 * 2 ** 20;

const libc = koffi.load('libc.so.6');
const call = {
  socket: libc.func('socket', 'int', ['int', 'int', 'int']) as (domain: number, type: number, protocol: number) => number,
  bind: libc.func('bind', 'int', ['int', 'void *', 'uint32_t']) as (fd: number, address: Buffer, bytes: number) => number,
  send: libc.func('send', 'int64_t', ['int', 'void *', 'uint64_t', 'int']) as (fd: number, bytes: Buffer, length: number, flags: number) => number,
  recv: libc.func('recv', 'int64_t', ['int', 'void *', 'uint64_t', 'int']) as (fd: number, bytes: Buffer, length: number, flags: number) => number,
  setsockopt: libc.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t']) as (fd: number, level: number, name: number, value: Buffer, bytes: number) => number,
  setns: libc.func('setns', 'int', ['int', 'int']) as (fd: number, type: number) => number,
  close: libc.func('close', 'int', ['int']) as (fd: number) => number,
};

/** The kernel refused a call on a socket. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
}

function must(result: number, what: string): number {
  if (result < 0) throw new SocketError(`netlink: ${what}: ${getSystemErrorName(-koffi.errno())}`);
  return result;
}

/**
 * A conversation with the kernel without a program in between (netlink(7)): starting one from a large process takes longer than what it is started for.
 * Every call returns at once or when the kernel has done its work.
 */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #received = Buffer.alloc(256 * 1024);
  #sendBytes = 0;

  /** `netns`: path of the network namespace that is meant; by default this process's own. @throws SocketError */
  static open(protocol: number, netns?: string): NetlinkSocket {
    if (netns === undefined) return new NetlinkSocket(protocol);
    const [own, other] = [openSync('/proc/thread-self/ns/net', 'r'), openSync(netns, 'r')];
    try {
      must(call.setns(other, newNetns), `entering ${netns}`);
      return new NetlinkSocket(protocol);
    } finally {
      must(call.setns(own, newNetns), 'coming back');
      for (const fd of [own, other]) closeSync(fd);
    }
  }

  private constructor(protocol: number) {
    this.#fd = must(call.socket(family, raw | closeOnExec, protocol), 'socket');
    try {
      const address = Buffer.alloc(12);
      address.writeUInt8(family, 0);
      must(call.bind(this.#fd, address, address.length), 'bind');
      for (const option of [options.capAck, options.extAck]) this.#set(options.netlink, option, 1);
      this.#set(options.socket, options.receiveBytes, receiveBytes);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** As one datagram, however long. @throws SocketError */
  send(datagram: Buffer): void {
    if (datagram.length + 64 > this.#sendBytes) this.#set(options.socket, options.sendBytes, this.#sendBytes = 2 * datagram.length + 2 ** 16);
    must(call.send(this.#fd, datagram, datagram.length, 0), 'send');
  }

  /** What has arrived; undefined: nothing more. It is overwritten by the next call. @throws SocketError */
  receive(): Buffer | undefined {
    const length = call.recv(this.#fd, this.#received, this.#received.length, dontWait);
    if (length < 0 && getSystemErrorName(-koffi.errno()) === 'EAGAIN') return undefined;
    return this.#received.subarray(0, must(length, 'recv'));
  }

  close(): void {
    call.close(this.#fd);
  }

  #set(level: number, option: number, value: number): void {
    must(call.setsockopt(this.#fd, level, option, Buffer.from(Int32Array.of(value).buffer), 4), `option ${option}`);
  }
}
