import ipaddr from 'ipaddr.js'

/** An address with a port behind it, as some proxies forward it: each connection would be a client. */
const withPort = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([^[\]]+)\]):\d+$/

/**
 * The network that counts as one client: an IPv4 address, also when it comes mapped into IPv6; of IPv6 the
 * /64, which is what one line or host is given (RFC 6177). All that is no address counts as one client:
 * whoever can make one up must not get a fresh count with it.
 */
export const networkOf = (address: string): string => {
  const [, ipv4, ipv6] = withPort.exec(address) ?? []
  const bare = ipv4 ?? ipv6 ?? address
  if (!ipaddr.isValid(bare)) return 'unknown'
  const parsed = ipaddr.process(bare)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  const network = parsed.toByteArray().fill(0, 8)
  return `${ipaddr.fromByteArray(network).toString()}/64`
}
