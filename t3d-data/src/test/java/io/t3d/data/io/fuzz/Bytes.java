package io.t3d.data.io.fuzz;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Edits of byte arrays that know nothing of a format. Each returns a changed copy. */
enum Bytes {
  FLIP_BIT {
    @Override
    byte[] edit(byte[] in, RandomGenerator random) {
      byte[] out = in.clone();
      out[random.nextInt(in.length)] ^= (byte) (1 << random.nextInt(8));
      return out;
    }
  },
  SET_BYTES {
    @Override
    byte[] edit(byte[] in, RandomGenerator random) {
      byte[] out = in.clone();
      for (int n = 1 + random.nextInt(4); n > 0; n--) {
        out[random.nextInt(in.length)] = (byte) EXTREMES[random.nextInt(EXTREMES.length)];
      }
      return out;
    }
  },
  REMOVE_BLOCK {
    @Override
    byte[] edit(byte[] in, RandomGenerator random) {
      int at = random.nextInt(in.length);
      return replace(in, at, blockLength(in, at, random), new byte[0]);
    }
  },
  DUPLICATE_BLOCK {
    @Override
    byte[] edit(byte[] in, RandomGenerator random) {
      int at = random.nextInt(in.length);
      return replace(in, at, 0, Arrays.copyOfRange(in, at, at + blockLength(in, at, random)));
    }
  },
  INSERT_BLOCK {
    @Override
    byte[] edit(byte[] in, RandomGenerator random) {
      byte[] block = new byte[1 + random.nextInt(64)];
      random.nextBytes(block);
      return replace(in, random.nextInt(in.length + 1), 0, block);
    }
  },
  ZERO_BLOCK {
    @Override
    byte[] edit(byte[] in, RandomGenerator random) {
      int at = random.nextInt(in.length);
      int length = blockLength(in, at, random);
      return replace(in, at, length, new byte[length]);
    }
  };

  private static final int[] EXTREMES = {0, 1, 0x7f, 0x80, 0xff, 0xfe, ' ', '\n', '-', '9'};

  abstract byte[] edit(byte[] in, RandomGenerator random);

  /** The bytes with {@code length} of them from {@code at} on replaced. */
  static byte[] replace(byte[] in, int at, int length, byte[] by) {
    byte[] out = Arrays.copyOf(in, in.length - length + by.length);
    System.arraycopy(by, 0, out, at, by.length);
    System.arraycopy(in, at + length, out, at + by.length, in.length - at - length);
    return out;
  }

  private static int blockLength(byte[] in, int at, RandomGenerator random) {
    return Math.min(in.length - at, 1 + random.nextInt(1 << (1 + random.nextInt(8))));
  }
}
