import { createServer, type Server } from 'node:net';

/**
 * Ports on which nobody listens. All are held at once before they are let go, so no port is given twice; another
 * process can still take one before its user does, who therefore has to try again when it is taken.
 */
export async function freePorts(ip: string, count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(ip)));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

function listen(ip: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: ip, port: 0, exclusive: true }, () => resolve(server));
  });
}
