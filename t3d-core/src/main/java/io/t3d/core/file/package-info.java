/**
 * Files that are the old one or the new one, never half: atomic writes, safetensors, folders that
 * are swapped in.
 */
@NullMarked
package io.t3d.core.file;

import org.jspecify.annotations.NullMarked;
