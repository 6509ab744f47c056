/**
 * Files that are the old one or the new one, never half: atomic writes, safetensors, folders that
 * are swapped in; and pointers that stand for files.
 */
@NullMarked
package io.t3d.core.file;

import org.jspecify.annotations.NullMarked;
