package io.t3d.data.itk.internal.worker;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Parts of a file mapped into memory. Closing gives the pages back at once: waiting for the garbage
 * collector would fill the memory they live in. Buffers must not be used after that.
 */
interface MappedParts extends AutoCloseable {
  /** Maps a part for reading; it has less than 2 GiB. */
  ByteBuffer map(FileChannel channel, long from, long length) throws IOException;

  @Override
  void close();

  /** Mappings of this JVM's kind. */
  static MappedParts open() {
    return Runtime.version().feature() >= 22 ? new InArena() : new ByUnsafe();
  }

  /**
   * JDK 22 and newer: an arena of {@code java.lang.foreign}. It is called by reflection, since the
   * library is compiled for Java 17, which does not have it.
   */
  final class InArena implements MappedParts {
    private static final Method OF_SHARED;
    private static final Method MAP;
    private static final Method AS_BUFFER;
    private static final Method CLOSE;

    static {
      try {
        Class<?> arena = Class.forName("java.lang.foreign.Arena");
        OF_SHARED = arena.getMethod("ofShared");
        CLOSE = arena.getMethod("close");
        MAP =
            FileChannel.class.getMethod(
                "map", FileChannel.MapMode.class, long.class, long.class, arena);
        AS_BUFFER = Class.forName("java.lang.foreign.MemorySegment").getMethod("asByteBuffer");
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final @Nullable Object arena = call(() -> OF_SHARED.invoke(null));

    @Override
    public ByteBuffer map(FileChannel channel, long from, long length) throws IOException {
      try {
        Object segment = MAP.invoke(channel, FileChannel.MapMode.READ_ONLY, from, length, arena);
        return (ByteBuffer) AS_BUFFER.invoke(segment);
      } catch (InvocationTargetException e) {
        if (e.getCause() instanceof IOException cause) {
          throw cause;
        }
        throw new IllegalStateException("Cannot map voxels", e.getCause());
      } catch (IllegalAccessException e) {
        throw new IllegalStateException("Cannot map voxels", e);
      }
    }

    @Override
    public void close() {
      call(() -> CLOSE.invoke(arena));
    }
  }

  /** Older JDKs, which have no other way to unmap. Newer ones warn of this one. */
  final class ByUnsafe implements MappedParts {
    private static final Object UNSAFE;
    private static final Method INVOKE_CLEANER;

    static {
      try {
        Class<?> unsafe = Class.forName("sun.misc.Unsafe");
        Field field = unsafe.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        UNSAFE = field.get(null);
        INVOKE_CLEANER = unsafe.getMethod("invokeCleaner", ByteBuffer.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final List<ByteBuffer> parts = new ArrayList<>();

    @Override
    public ByteBuffer map(FileChannel channel, long from, long length) throws IOException {
      ByteBuffer part = channel.map(FileChannel.MapMode.READ_ONLY, from, length);
      parts.add(part);
      return part;
    }

    @Override
    public void close() {
      parts.forEach(part -> call(() -> INVOKE_CLEANER.invoke(UNSAFE, part)));
      parts.clear();
    }
  }

  /** A method called by reflection. */
  @FunctionalInterface
  interface Call {
    /** Calls it. */
    @Nullable Object run() throws ReflectiveOperationException;
  }

  private static @Nullable Object call(Call call) {
    try {
      return call.run();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot map or unmap voxels", e);
    }
  }
}
