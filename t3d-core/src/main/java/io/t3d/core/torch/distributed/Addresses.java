package io.t3d.core.torch.distributed;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.util.Optional;

/** Addresses of this machine and of others. */
final class Addresses {
  private Addresses() {}

  /**
   * The IPv4 address of a machine.
   *
   * @throws T3dException when no such machine is known
   */
  static InetAddress of(String host) {
    try {
      return of(host, InetAddress.getAllByName(host));
    } catch (UnknownHostException e) {
      throw unknown(host, e);
    }
  }

  /**
   * The same of what the system knows of the name.
   *
   * @throws T3dException also when the name of a machine leads to its loopback address, as Debian
   *     writes it into {@code /etc/hosts}: others know it by another address
   */
  static InetAddress of(String host, InetAddress... known) {
    for (InetAddress address : known) {
      if (address instanceof Inet4Address) {
        if (address.isLoopbackAddress() && !isLoopback(host)) {
          throw new T3dException(
              T3dException.Kind.USAGE,
              "The workers' rendezvous '"
                  + host
                  + "' is "
                  + address.getHostAddress()
                  + " on this machine, where no other one reaches it (/etc/hosts); give an address"
                  + " in numbers, or localhost for workers of one machine");
        }
        return address;
      }
    }
    throw unknown(host, null);
  }

  private static boolean isLoopback(String host) {
    return host.startsWith("127.") || host.equals("localhost") || host.endsWith(".localhost");
  }

  /**
   * Refuses workers whom anybody could join by chance.
   *
   * @param own the address on which others reach this worker
   * @throws T3dException when it is no loopback address and there is no secret worth the name
   */
  static void requireSecret(Rendezvous rendezvous, InetAddress own) {
    boolean open =
        !own.isLoopbackAddress()
            || (rendezvous.file().isEmpty() && !of(rendezvous.host()).isLoopbackAddress());
    if (open && rendezvous.secret().length() < Rendezvous.SECRET_LETTERS) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Workers that meet at "
              + rendezvous.place()
              + " on "
              + own.getHostAddress()
              + " need a secret of at least "
              + Rendezvous.SECRET_LETTERS
              + " letters that keeps others out (--secret-file or "
              + Rendezvous.SECRET
              + "), e.g. of: openssl rand -hex 32");
    }
  }

  private static T3dException unknown(String host, UnknownHostException e) {
    return new T3dException(
        T3dException.Kind.USAGE,
        "The workers' rendezvous needs a machine with an IPv4 address, but none is known of '"
            + host
            + "'; mend --rendezvous, or give its address in numbers",
        e);
  }

  /** The address on which the other workers reach this one. */
  static InetAddress own(Rendezvous rendezvous) {
    if (rendezvous.networkInterface().isPresent()) {
      return named(rendezvous.networkInterface().get());
    }
    if (rendezvous.file().isPresent()) {
      return of("127.0.0.1");
    }
    InetAddress host = of(rendezvous.host());
    return rendezvous.rank() == 0 ? host : towards(host, rendezvous.port());
  }

  private static InetAddress named(String name) {
    try {
      NetworkInterface card = NetworkInterface.getByName(name);
      Optional<InetAddress> address =
          card == null
              ? Optional.empty()
              : card.inetAddresses().filter(a -> a instanceof Inet4Address).findFirst();
      if (address.isPresent()) {
        return address.get();
      }
      if (card == null) {
        InetAddress given = of(name);
        if (given.isLoopbackAddress() || NetworkInterface.getByInetAddress(given) != null) {
          return given;
        }
      }
    } catch (IOException e) {
      throw notOurs(name, e);
    }
    throw notOurs(name, null);
  }

  private static T3dException notOurs(String name, IOException e) {
    return new T3dException(
        T3dException.Kind.USAGE,
        "--interface must be a network interface of this machine with an IPv4 address, or such an"
            + " address, got '"
            + name
            + "'",
        e);
  }

  /** The address from which this machine sends to another; nothing is sent. */
  private static InetAddress towards(InetAddress host, int port) {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(new InetSocketAddress(host, port));
      return socket.getLocalAddress();
    } catch (IOException e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "The workers' rendezvous "
              + host.getHostAddress()
              + " cannot be reached: "
              + e.getMessage(),
          e);
    }
  }
}
