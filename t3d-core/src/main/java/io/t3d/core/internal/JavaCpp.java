package io.t3d.core.internal;

/**
 * Settings of JavaCPP, which it reads once, when the first of its classes is used: call it before
 * that. What the user has set stays.
 */
public final class JavaCpp {
  private static final String NAME = "org.bytedeco.javacpp.";

  private JavaCpp() {}

  /** Sets the system properties. */
  public static void prepare() {
    // Natives that are named come before those in the presets' jars.
    set("pathsfirst", "true");
    // Else each native object, a tensor's handle too, asks the operating system how much memory the
    // process has; and where that is more than three times Java's heap, of which libtorch's arrays
    // are no part, it collects garbage, waits, and gives up.
    if (System.getProperty(NAME + "maxphysicalbytes") == null) {
      set("maxPhysicalBytes", "0");
    }
  }

  private static void set(String name, String value) {
    if (System.getProperty(NAME + name) == null) {
      System.setProperty(NAME + name, value);
    }
  }
}
