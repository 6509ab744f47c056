package io.t3d.core.train;

import com.sun.jna.Function;
import com.sun.jna.Structure;

/**
 * What malloc has given out, of glibc on 64-bit Linux. Resident memory would count the Java heap
 * too, which grows and shrinks as it likes.
 */
public final class NativeMemory {
  private NativeMemory() {}

  /** Bytes that are not freed, in small blocks and in maps of their own, over all threads. */
  static long inUse() {
    Info info = (Info) Function.getFunction("c", "mallinfo2").invoke(Info.class, new Object[0]);
    return info.uordblks + info.hblkhd;
  }

  /** C's {@code struct mallinfo2}. */
  @Structure.FieldOrder({
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost"
  })
  public static final class Info extends Structure implements Structure.ByValue {
    public long arena;
    public long ordblks;
    public long smblks;
    public long hblks;
    public long hblkhd;
    public long usmblks;
    public long fsmblks;
    public long uordblks;
    public long fordblks;
    public long keepcost;
  }
}
