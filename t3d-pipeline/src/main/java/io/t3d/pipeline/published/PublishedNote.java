package io.t3d.pipeline.published;

import java.util.List;
import java.util.Map;

/**
 * Where an imported model comes from: {@code published.json} of its folder.
 *
 * @param kind as {@code --from} takes it
 * @param name the model's own
 * @param licence of the weights, as published
 * @param source where the file and the code are
 * @param citation of the paper
 * @param files file → SHA-256
 * @param leftOut number of the file's tensors that have no part in embeddings
 * @param remarks what a user must know, e.g. what its preparation expects
 */
public record PublishedNote(
    String kind,
    String name,
    String licence,
    String source,
    String citation,
    Map<String, String> files,
    int leftOut,
    List<String> remarks) {
  /** Name of the file that holds it. */
  public static final String FILE_NAME = "published.json";

  /** Copies the collections. */
  public PublishedNote {
    files = Map.copyOf(files);
    remarks = List.copyOf(remarks);
  }

  /** A note before the import. */
  PublishedNote(
      String kind,
      String name,
      String licence,
      String source,
      String citation,
      List<String> remarks) {
    this(kind, name, licence, source, citation, Map.of(), 0, remarks);
  }

  PublishedNote of(Map<String, String> read, int unused) {
    return new PublishedNote(kind, name, licence, source, citation, read, unused, remarks);
  }
}
