package io.t3d.serve.internal.input;

import io.t3d.core.internal.LiveFolder;
import io.t3d.serve.internal.Refusal;
import io.t3d.serve.internal.input.RequestVolume.BelowRoot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The folder whose volumes requests may name by path: nothing outside it is read. */
public final class AllowedRoot {
  private final Optional<Path> root;

  /**
   * A folder, or none.
   *
   * @throws IOException when it is not there
   */
  public AllowedRoot(Optional<Path> folder) throws IOException {
    this.root = folder.isEmpty() ? Optional.empty() : Optional.of(folder.get().toRealPath());
  }

  /**
   * The volume at a path.
   *
   * @param given by the client, relative to the folder
   * @throws Refusal when there is no such folder, the path leads out of it, or nothing is there
   */
  public BelowRoot volume(String given) throws IOException {
    if (root.isEmpty()) {
      throw Refusal.of(
          403, "paths are refused: the service was started without --root; send the volume itself");
    }
    Path below = below(given);
    if (!below.startsWith(root.get())) {
      throw outside();
    }
    if (!Files.exists(below)) {
      throw Refusal.of(404, "no such file or folder below the service's root: " + given);
    }
    Path real = below.toRealPath();
    if (!real.startsWith(root.get()) || hasLinkOut(real)) {
      throw outside();
    }
    return new BelowRoot(real, root.get());
  }

  private Path below(String given) {
    try {
      return root.orElseThrow().resolve(given).normalize();
    } catch (InvalidPathException e) {
      throw Refusal.badRequest("not a path: " + e.getMessage());
    }
  }

  /** Readers follow the links in a folder of slices. */
  private boolean hasLinkOut(Path real) throws IOException {
    if (!Files.isDirectory(real)) {
      return false;
    }
    List<Path> links = new ArrayList<>();
    LiveFolder.visit(
        real,
        Integer.MAX_VALUE,
        (file, attributes) -> {
          if (attributes.isSymbolicLink()) {
            links.add(file);
          }
        });
    for (Path link : links) {
      if (!Files.exists(link) || !link.toRealPath().startsWith(root.orElseThrow())) {
        return true;
      }
    }
    return false;
  }

  private static Refusal outside() {
    return Refusal.of(
        403, "the path leads out of the service's root; name a file or folder below it");
  }
}
