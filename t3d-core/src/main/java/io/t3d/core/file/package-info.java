/**
 * Files that are the old one or the new one, never half: atomic writes, safetensors, folders that
 * are swapped in.
 */
package io.t3d.core.file;
