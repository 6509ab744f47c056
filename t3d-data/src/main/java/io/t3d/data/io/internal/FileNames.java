package io.t3d.data.io.internal;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a file's name says about its contents; names are compared in lower case. */
public final class FileNames {
  /** Endings that DICOM slices have in practice; many have none. */
  private static final Set<String> SLICE = Set.of("dcm", "dicom", "dic", "ima", "img");

  /** Files that lie beside DICOM on a disc, or that systems leave in every folder. */
  private static final Set<String> BYSTANDERS =
      Set.of(
          "dicomdir",
          "readme",
          "license",
          "licence",
          "version",
          "autorun",
          "changelog",
          "notice",
          "copying",
          "authors",
          "thumbs.db",
          "ehthumbs.db",
          "desktop.ini",
          ".ds_store",
          ".localized",
          ".directory",
          ".lock",
          ".hidden",
          ".nomedia",
          ".gitignore",
          ".gitattributes",
          ".gitmodules",
          ".gitkeep",
          ".keep",
          ".bidsignore",
          ".datalad",
          ".git");

  /** Endings of documents, tables, pictures, programs and of other formats of volumes. */
  private static final Set<String> OTHER =
      Set.of(
          "txt", "text", "log", "md", "rst", "rtf", "doc", "docx", "odt", "pdf", "ppt", "pptx",
          "xls", "xlsx", "ods", "csv", "tsv", "json", "jsonl", "xml", "xsl", "yaml", "yml", "toml",
          "ini", "inf", "cfg", "conf", "htm", "html", "css", "js", "url", "lnk", "jpg", "jpeg",
          "png", "gif", "bmp", "tif", "tiff", "svg", "ico", "webp", "mp4", "avi", "mov", "wmv",
          "exe", "dll", "bat", "cmd", "sh", "py", "ipynb", "java", "jar", "db", "sqlite", "zip",
          "tar", "tgz", "7z", "rar", "iso", "md5", "sha1", "sha256", "nii", "nrrd", "nhdr", "mha",
          "mhd", "zraw", "npy", "npz", "mat", "h5", "hdf5", "pkl", "stl", "vtk", "vtp", "bval",
          "bvec", "hdr", "chm", "ocx", "cab", "ttf");

  /** Endings of data of any kind: what has one is a bystander unless it is DICOM by content. */
  private static final Set<String> DATA = Set.of("raw", "dat", "bin");

  /** Endings of downloads and copies that are not finished. */
  private static final Set<String> UNFINISHED =
      Set.of(
          "part",
          "partial",
          "crdownload",
          "download",
          "filepart",
          "tmp",
          "temp",
          "incomplete",
          "aria2",
          "opdownload",
          "!ut",
          "!qb",
          "bc!");

  private static final Set<String> PACKED =
      Set.of("gz", "bz2", "xz", "zst", "lz4", "lzma", "z", "br");

  /** Archives of many files: only one that is named as a slice is taken for a packed slice. */
  private static final Set<String> ARCHIVES = Set.of("zip", "tar", "tgz", "7z", "rar");

  /** Folders whose content is no data: of thumbnails, macOS, file systems and waste baskets. */
  private static final Set<String> NO_DATA =
      Set.of(
          "__macosx",
          "@eadir",
          "$recycle.bin",
          "#recycle",
          "@recycle",
          "lost+found",
          "system volume information");

  private static final Pattern ENDING = Pattern.compile("\\.([a-z!][a-z0-9_!]{0,11})$");

  /** As rsync names a file while it is on its way: .NAME.aB3dE9. */
  private static final Pattern ON_ITS_WAY = Pattern.compile("\\.(.+)\\.[a-z0-9]{6}");

  /** As slices without an ending are named: IM0001, I001, 000017, 1.2.840.113, slice.001. */
  private static final Pattern NUMBERED =
      Pattern.compile("(?![._])[a-z]{0,5}[-_. ]?[0-9][0-9._-]*");

  private FileNames() {}

  /** The name in lower case. */
  public static String lower(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString().toLowerCase(Locale.ROOT);
  }

  /** The ending of letters, without the dot; empty of names as IM0001, 1.2.840.113 or slice.001. */
  public static String ending(String lowerName) {
    Matcher ending = ENDING.matcher(lowerName);
    return ending.find() && ending.start() > 0 ? ending.group(1) : "";
  }

  /** Whether it ends as DICOM slices do. */
  public static boolean hasSliceEnding(Path path) {
    return SLICE.contains(ending(lower(path)));
  }

  /** Whether it is named as slices are: by its ending, or without one by a number. */
  public static boolean isNamedAsSlice(Path path) {
    return hasSliceEnding(path) || NUMBERED.matcher(lower(path)).matches();
  }

  /** Whether it ends as data of any kind do, and the rest of its name is no slice's. */
  public static boolean isData(Path path) {
    String name = lower(path);
    String ending = ending(name);
    return DATA.contains(ending)
        && !NUMBERED.matcher(name.substring(0, name.length() - ending.length() - 1)).matches();
  }

  /** Whether a file of this name is no volume and no part of one: a document, a disc's index, … */
  public static boolean isBystander(Path path) {
    return isBystander(lower(path));
  }

  private static boolean isBystander(String name) {
    if (name.startsWith("._") || BYSTANDERS.contains(name)) { // ._ is macOS' side file
      return true;
    }
    String ending = ending(name);
    String inner = name.substring(0, Math.max(0, name.length() - ending.length() - 1));
    if (PACKED.contains(ending) || UNFINISHED.contains(ending)) {
      return OTHER.contains(ending(inner));
    }
    return OTHER.contains(ending) && !(ARCHIVES.contains(ending) && SLICE.contains(ending(inner)));
  }

  /** Whether macOS keeps a file's attributes in a file of this name. */
  public static boolean isMacSideFile(Path path) {
    return lower(path).startsWith("._");
  }

  /** Whether a folder of this name is passed over: it is hidden, or known to hold no data. */
  public static boolean isNoDataFolder(Path folder) {
    String name = lower(folder);
    return name.startsWith(".") || NO_DATA.contains(name);
  }

  /** The name inside one of an unfinished download or copy; empty for other names. */
  public static Optional<String> unfinished(Path path) {
    String name = lower(path);
    if (UNFINISHED.contains(ending(name))) {
      return Optional.of(name.substring(0, name.lastIndexOf('.')));
    }
    Matcher way = ON_ITS_WAY.matcher(name);
    return way.matches() ? Optional.of(way.group(1)) : Optional.empty();
  }

  /** The name inside one of a packed file, e.g. IM1.dcm of IM1.dcm.gz; empty for other names. */
  public static Optional<String> packed(Path path) {
    String name = lower(path);
    String ending = ending(name);
    return PACKED.contains(ending) || ARCHIVES.contains(ending)
        ? Optional.of(name.substring(0, name.lastIndexOf('.')))
        : Optional.empty();
  }
}
