/**
 * A trained model for programs written with langchain4j, whose core they bring themselves: {@code
 * dev.langchain4j:langchain4j-core} is optional here.
 */
@NullMarked
package io.t3d.pipeline.langchain;

import org.jspecify.annotations.NullMarked;
