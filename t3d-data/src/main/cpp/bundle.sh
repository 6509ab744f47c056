#!/bin/sh
# Copies the shared libraries that the given natives need beside them, apart from the C and C++
# runtime, with their licences:   bundle.sh FOLDER NATIVE…
set -eu
out=$1
shift
rm -rf "$out/licenses" "$out/natives.txt"
mkdir -p "$out/licenses"

base='^(linux-vdso|ld-linux-x86-64|libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s)\.so'
closure() {
  # The folder itself is left out of the search, else a second run would find its own copies.
  for native in "$@"; do
    copy=$(mktemp)
    cp "$native" "$copy"
    LD_LIBRARY_PATH=/usr/lib ldd "$copy"
    rm -f "$copy"
  done | awk '$2 == "=>" { print $1, $3 }' | sort -u | grep -Ev "$base"
}

if closure "$@" | grep 'not$' | grep -v '^libt3ditk'; then
  echo "bundle.sh: the libraries above are not installed" >&2
  exit 1
fi
{
  echo "Shared libraries from Debian packages that travel with T3D, unchanged."
  echo "The licence of each package lies in the folder licenses."
  echo
} >"$out/NOTICE.txt"
closure "$@" | grep -v '^libt3ditk' >"$out/closure.tmp"
# Packages from before the merge of /lib into /usr/lib list the old path.
sed 's/^[^ ]* //' "$out/closure.tmp" | xargs readlink -f | sed 'p;s|^/usr||' | xargs dpkg -S 2>/dev/null \
  | sed 's/^\([^:,]*\)[^ ]*: \(.*\)$/\2 \1/' >"$out/owners.tmp" || true # half of the paths are unknown
while read -r name path; do
  real=$(readlink -f "$path")
  cmp -s "$real" "$out/$name" || cp "$real" "$out/$name"
  owner=$(awk -v a="$real" -v b="${real#/usr}" '$1 == a || $1 == b { print $2; exit }' "$out/owners.tmp")
  cp "/usr/share/doc/$owner/copyright" "$out/licenses/$owner.txt"
  echo "$name  $owner" >>"$out/NOTICE.txt"
done <"$out/closure.tmp"
{
  echo
  echo "Versions:"
  cut -d' ' -f2 "$out/owners.tmp" | sort -u | xargs dpkg-query -W -f='${Package} ${Version}\n' | sort -u
} >>"$out/NOTICE.txt"
rm -f "$out/closure.tmp" "$out/owners.tmp"

# Deepest first: the order in which they can be loaded one by one.
for library in "$out"/*.so*; do
  name=$(basename "$library")
  echo "$name $name"
  readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -Ev "$base" | sed "s|\$| $name|" || true
done | tsort >"$out/natives.tmp"
echo t3d-itk-worker >>"$out/natives.tmp"
mv "$out/natives.tmp" "$out/natives.txt"
