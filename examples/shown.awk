# Brings what a page shows up to date: blocks opened by "```c FILE" or "```text FILE" show that file (C from its first
# #include on), and in blocks opened by "```console" every line "$ COMMAND" is followed by what it prints.
!block { print }
block && /^```$/ { block = ""; print }
block == "console" && /^\$ / {
  print
  fflush()
  system(substr($0, 3) " 2>&1 | sed 's/[[:space:]]*$//'")
}
/^```(c|text) ./ {
  block = "file"
  while ((getline line < $2) > 0) {
    if (line ~ /^#include/ || $1 == "```text")
      begun = 1
    if (begun)
      print line
  }
  close($2)
  begun = 0
}
/^```console$/ { block = "console" }
