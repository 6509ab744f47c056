package io.t3d.pipeline.published;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * A published model that can be imported. A further one is one class: it says by which tensors its
 * file is known, and from these tensors' shapes it makes everything in {@link PublishedModel}: the
 * settings of the networks, the name map, the preparation of volumes, the tokenizer, the prompts
 * and the note on licence and source. Then it is put into the list in {@link PublishedModels}.
 * Nothing else knows the kinds.
 */
interface PublishedKind {
  /** What {@code --from} calls it, e.g. {@code ct-clip}. */
  String name();

  /** Whether the file's tensors are those of this model: a few names that no other kind has. */
  boolean recognises(PublishedTensors file);

  /**
   * What goes before the names of one of several files, where those of the files would clash.
   *
   * @param names of the file's tensors
   * @return a prefix; empty for files of other kinds
   */
  default String prefixFor(Set<String> names) {
    return "";
  }

  /**
   * Describes the model in a file.
   *
   * @param file its tensors; {@link PublishedTensors#shape} reports all that are missing at once
   * @param tokenizer a HuggingFace folder, where the user gave one
   * @throws IOException when the tokenizer's folder cannot be read
   * @throws io.t3d.core.T3dException when the file's shapes contradict each other, naming the
   *     tensors
   */
  PublishedModel describe(PublishedTensors file, Optional<Path> tokenizer) throws IOException;
}
