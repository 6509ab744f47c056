package io.t3d.core.config.internal;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a setting that {@code Configs} omits from the file when it is empty, so that files written
 * before the setting existed stay unchanged. An annotation of our own, since compilers of other
 * modules warn of Jackson's, which they do not see.
 */
@Target({ElementType.RECORD_COMPONENT, ElementType.FIELD, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
public @interface LeftOutWhenEmpty {}
