package io.t3d.core.torch.distributed;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import io.t3d.core.T3dException;
import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * A socket that listens on one address, for libtorch's store, which by itself listens on all of
 * them.
 */
final class ListeningSocket {
  private static final int INET = 2;
  private static final int STREAM_CLOEXEC = 1 | 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int REUSE_ADDRESS = 2;
  private static final int ADDRESS_IN_USE = 98;
  private static final int ADDRESS_NOT_AVAILABLE = 99;
  private static final int PERMISSION_DENIED = 13;
  private static final int BACKLOG = 1024;

  private ListeningSocket() {}

  /**
   * Opens one.
   *
   * @return its descriptor, which the store takes over
   * @throws T3dException when the port is in use or the address is not of this machine
   */
  static int open(InetAddress address, int port) {
    if (!(address instanceof Inet4Address)) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The rendezvous needs an IPv4 address, got " + address.getHostAddress());
    }
    NativeLibrary c = NativeLibrary.getInstance("c");
    int socket = c.getFunction("socket").invokeInt(new Object[] {INET, STREAM_CLOEXEC, 0});
    require(socket >= 0, address, port);
    try (Memory one = new Memory(4);
        Memory name = new Memory(16)) { // sockaddr_in
      one.setInt(0, 1);
      c.getFunction("setsockopt")
          .invokeInt(new Object[] {socket, SOL_SOCKET, REUSE_ADDRESS, one, 4});
      name.clear();
      name.setShort(0, (short) INET);
      name.setByte(2, (byte) (port >> 8));
      name.setByte(3, (byte) port);
      name.write(4, address.getAddress(), 0, 4);
      boolean bound = c.getFunction("bind").invokeInt(new Object[] {socket, name, 16}) == 0;
      try {
        require(bound, address, port);
        boolean listens = c.getFunction("listen").invokeInt(new Object[] {socket, BACKLOG}) == 0;
        require(listens, address, port);
      } catch (T3dException e) {
        close(socket);
        throw e;
      }
    }
    return socket;
  }

  /** Closes one that no store has taken over. */
  static void close(int socket) {
    NativeLibrary.getInstance("c").getFunction("close").invokeInt(new Object[] {socket});
  }

  private static void require(boolean done, InetAddress address, int port) {
    if (done) {
      return;
    }
    int error = Native.getLastError();
    String where = address.getHostAddress() + ":" + port;
    String why =
        switch (error) {
          case ADDRESS_IN_USE ->
              "is in use by another program; end it, or give another port with --rendezvous";
          case ADDRESS_NOT_AVAILABLE ->
              "is no address of this machine, on which rank 0 runs; give one of its own with"
                  + " --rendezvous";
          case PERMISSION_DENIED -> "may not be used by you; give a port above 1023";
          default -> "cannot be listened on, error " + error + " of the system";
        };
    throw new T3dException(
        T3dException.Kind.ENVIRONMENT, "The workers' rendezvous " + where + " " + why);
  }
}
