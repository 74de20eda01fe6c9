/** TCP connection for the load as a plain non-blocking descriptor, which the load's thread can poll like a PTY. */
import koffi from 'koffi';

const libc = koffi.load(null);
const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const connectCall = libc.func('int connect(int fd, const uint8_t *address, uint32_t length)');
const fcntlCall = libc.func('int fcntl(int fd, int command, ...)');
const setsockoptCall = libc.func('int setsockopt(int fd, int level, int name, const int32_t *value, uint32_t length)');
const closeCall = libc.func('int close(int fd)');

/** Numbers of <sys/socket.h>, <netinet/tcp.h> and <fcntl.h> on Linux. */
const AF_INET = 2;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/** Connects to a port of this machine. Throws if no server listens there. */
export function connectRawTcp(port: number): number {
  const fd: number = socketCall(AF_INET, SOCK_STREAM, 0);
  const address = Buffer.from([AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  const results = [
    connectCall(fd, address, address.length),
    setsockoptCall(fd, IPPROTO_TCP, TCP_NODELAY, [1], 4),
    fcntlCall(fd, F_SETFL, 'int', O_NONBLOCK),
  ];
  if (fd < 0 || results.some((result) => result < 0)) throw new Error(`no connection to port ${port}`);
  return fd;
}

export function closeRawTcp(fd: number): void {
  closeCall(fd);
}
