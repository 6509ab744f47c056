package io.t3d.data.io.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Lists folders and what lies in them, in the order of names. Links are followed, each folder is
 * listed once however many links lead to it, and hidden folders are passed over. A subfolder that
 * cannot be opened is listed as one that holds only itself, as an odd entry.
 */
public final class FolderWalk {
  private final Predicate<Path> leaf;
  private final Set<Path> seen = new HashSet<>();
  private final List<Entries> found = new ArrayList<>();

  /**
   * What lies in a folder.
   *
   * @param folder the folder
   * @param files plain files, or links to such
   * @param folders folders, or links to such
   * @param odd what is neither, such as a link that leads nowhere; or the folder itself when it
   *     cannot be opened
   */
  public record Entries(Path folder, List<Path> files, List<Path> folders, List<Path> odd) {
    /** Lists one folder. */
    public static Entries of(Path folder) throws IOException {
      List<Path> files = new ArrayList<>();
      List<Path> folders = new ArrayList<>();
      List<Path> odd = new ArrayList<>();
      List<Path> all;
      try (Stream<Path> entries = Files.list(folder)) {
        all = entries.sorted().toList();
      }
      for (Path entry : all) {
        if (Files.isRegularFile(entry)) {
          files.add(entry);
        } else if (Files.isDirectory(entry)) {
          folders.add(entry);
        } else {
          odd.add(entry);
        }
      }
      return new Entries(folder, files, folders, odd);
    }
  }

  private FolderWalk(Predicate<Path> leaf) {
    this.leaf = leaf;
  }

  /**
   * Lists a folder and all below it.
   *
   * @param leaf says of which folders only the name counts; they stand in their parent's list
   */
  public static List<Entries> of(Path root, Predicate<Path> leaf) throws IOException {
    FolderWalk walk = new FolderWalk(leaf);
    walk.enter(root, Entries.of(root));
    walk.found.sort(Comparator.comparing(Entries::folder));
    return walk.found;
  }

  /**
   * Lists all below a folder that is listed already. Links to folders above it are passed over:
   * what they lead to is not below it, and can be a whole disk.
   *
   * @param leaf says of which folders only the name counts
   */
  public static List<Entries> below(Entries top, Predicate<Path> leaf) throws IOException {
    Path real = top.folder().toRealPath();
    FolderWalk walk = new FolderWalk(folder -> leaf.test(folder) || leadsAbove(folder, real));
    walk.seen.add(real);
    walk.enterAll(top.folders());
    return walk.found;
  }

  private static boolean leadsAbove(Path folder, Path real) {
    try {
      return Files.isSymbolicLink(folder) && real.startsWith(folder.toRealPath());
    } catch (IOException e) {
      return false; // entering it says why
    }
  }

  private void enter(Path folder) throws IOException {
    Entries entries;
    try {
      if (seen.contains(folder.toRealPath())) {
        return;
      }
      entries = Entries.of(folder);
    } catch (IOException | UncheckedIOException e) {
      found.add(new Entries(folder, List.of(), List.of(), List.of(folder)));
      return;
    }
    enter(folder, entries);
  }

  private void enter(Path folder, Entries entries) throws IOException {
    seen.add(folder.toRealPath());
    found.add(entries);
    enterAll(entries.folders());
  }

  private void enterAll(List<Path> folders) throws IOException {
    // Links last: what they lead to keeps its own place in the list where it has one.
    for (boolean links : new boolean[] {false, true}) {
      for (Path folder : folders) {
        if (Files.isSymbolicLink(folder) == links
            && !FileNames.isNoDataFolder(folder)
            && !leaf.test(folder)) {
          enter(folder);
        }
      }
    }
  }

  /** What to say of an entry that is neither a file nor a folder that can be opened. */
  public static String whyOdd(Path entry) throws IOException {
    if (Files.isDirectory(entry)) {
      return "it is a folder that cannot be opened; get the right to read it, or remove it";
    }
    return Files.isSymbolicLink(entry)
        ? "it is a link that leads nowhere, to "
            + Files.readSymbolicLink(entry).getFileName()
            + "; get its file (git annex get, datalad get), or remove the link"
        : "it is neither a file nor a folder; remove it";
  }
}
