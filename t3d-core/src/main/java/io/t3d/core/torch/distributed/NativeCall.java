package io.t3d.core.torch.distributed;

import ai.djl.pytorch.jni.LibUtils;
import com.google.common.base.Supplier;
import com.google.common.base.Suppliers;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import io.t3d.core.T3dException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import org.bytedeco.pytorch.PointerConsumer;

/**
 * Calls functions of libtorch by their mangled C++ names, where an exception that they throw
 * becomes a Java exception. JNA alone would end the JVM then.
 *
 * <p>The presets' generated code calls a function pointer of one argument between {@code try} and
 * {@code catch}. The pointer that it gets here leads to a few instructions that load the other
 * arguments from a block of memory and jump on: they leave no frame, so that an exception finds the
 * presets' {@code catch} as if they had called the function themselves.
 */
final class NativeCall {
  private static final int ARGUMENTS = 6; // in registers, System V ABI
  private static final long PAGE = 4096;
  private static final int READ_WRITE = 3;
  private static final int READ_EXECUTE = 5;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final long FAILED = -1; // MAP_FAILED

  /** With the block's address in rdi: rax and the six arguments from it, then a jump to rax. */
  private static final int[] JUMP = {
    0xF3,
    0x0F,
    0x1E,
    0xFA, // endbr64
    0x48,
    0x8B,
    0x07, // mov rax, [rdi]
    0x48,
    0x8B,
    0x77,
    0x10, // mov rsi, [rdi+16]
    0x48,
    0x8B,
    0x57,
    0x18, // mov rdx, [rdi+24]
    0x48,
    0x8B,
    0x4F,
    0x20, // mov rcx, [rdi+32]
    0x4C,
    0x8B,
    0x47,
    0x28, // mov r8, [rdi+40]
    0x4C,
    0x8B,
    0x4F,
    0x30, // mov r9, [rdi+48]
    0x48,
    0x8B,
    0x7F,
    0x08, // mov rdi, [rdi+8]
    0xFF,
    0xE0 // jmp rax
  };

  private static final Supplier<Consumer> CALLER = Suppliers.memoize(NativeCall::caller);

  private NativeCall() {}

  /**
   * A function of the libtorch that DJL has loaded.
   *
   * @throws T3dException when this libtorch has no such function
   */
  static Pointer function(String symbol) {
    Path file = Path.of(LibUtils.getLibtorchPath(), System.mapLibraryName("torch_cpu"));
    try {
      return NativeLibrary.getInstance(file.toString()).getGlobalVariableAddress(symbol);
    } catch (UnsatisfiedLinkError e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Training by several workers needs a libtorch with Gloo, and this one has no "
              + symbol
              + "; take pytorch-native-cpu 2.7.1 for linux-x86_64 (docs/natives.md)",
          e);
    }
  }

  /**
   * Calls a function and waits for it.
   *
   * @param function takes its arguments in registers: pointers and whole numbers
   * @param arguments at most six: {@link Pointer} or {@link Long}
   * @throws RuntimeException with the message of a C++ exception
   */
  static void run(Pointer function, Object... arguments) {
    try (Memory block = new Memory(8L * (1 + ARGUMENTS))) {
      block.clear();
      block.setPointer(0, function);
      for (int i = 0; i < arguments.length; i++) {
        long offset = 8L * (i + 1);
        if (arguments[i] instanceof Pointer pointer) {
          block.setPointer(offset, pointer);
        } else {
          block.setLong(offset, (Long) arguments[i]);
        }
      }
      CALLER.get().call(new Address(Pointer.nativeValue(block)));
    } finally {
      Reference.reachabilityFence(arguments); // their memory is freed when they are collected
    }
  }

  private static Consumer caller() {
    NativeLibrary c = NativeLibrary.getInstance(null); // what the process has loaded
    Pointer page =
        c.getFunction("mmap")
            .invokePointer(
                new Object[] {Pointer.NULL, PAGE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L});
    if (Pointer.nativeValue(page) == FAILED || Pointer.nativeValue(page) == 0) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Training by several workers needs a page of memory, which this system does not give;"
              + " raise the limit of memory (ulimit -v), or train with one worker");
    }
    for (int i = 0; i < JUMP.length; i++) {
      page.setByte(i, (byte) JUMP[i]);
    }
    Function protect = c.getFunction("mprotect");
    if (protect.invokeInt(new Object[] {page, PAGE, READ_EXECUTE}) != 0) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Training by several workers needs a page of memory that may hold code, which this system"
              + " refuses; allow it (SELinux: execmem), or train with one worker");
    }
    Memory holder =
        new Memory(16); // what the presets take for their function pointer and its owner
    holder.clear();
    holder.setPointer(0, page);
    return new Consumer(holder);
  }

  /** The presets' caller of a function of one argument. */
  private static final class Consumer extends PointerConsumer {
    @SuppressWarnings("unused") // keeps the memory
    private final Memory holder;

    Consumer(Memory holder) {
      super((org.bytedeco.javacpp.Pointer) null);
      this.holder = holder;
      address = Pointer.nativeValue(holder);
    }
  }

  /** An address as the presets pass it on; owns nothing. */
  static final class Address extends org.bytedeco.javacpp.Pointer {
    Address(long address) {
      super((org.bytedeco.javacpp.Pointer) null);
      this.address = address;
    }

    Address(Pointer pointer) {
      this(Pointer.nativeValue(pointer));
    }
  }
}
