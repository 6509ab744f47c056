package io.t3d.core.config.internal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.function.Consumer;

/**
 * Converts settings written by an earlier version to the current form, so that old files still
 * open; or writes down what a file leaves unsaid, where a record cannot hold that. For records and
 * sealed interfaces of settings that {@code Configs} reads.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface OldForm {
  /** Changes a tree of the old form in place and leaves one of today's alone. */
  Class<? extends Consumer<ObjectNode>> value();
}
