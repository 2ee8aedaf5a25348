# Markdown tables of the lines that compare.sh prints. SPDX-License-Identifier: GPL-3.0-or-later
function time_of(name) { return name in value ? sprintf("%.3g ms", 1e3 * value[name]) : "–" }
function ratio_of(name) { return name in value ? sprintf("%.2f", value[name]) : "–" }

/^#\|/ { next }
/^# [a-z ]+: / {
  sub(/^# /, "")
  split($0, part, ": ")
  if (!($0 in seen)) facts[n_facts++] = $0
  seen[$0] = 1
  next
}
/^peer\.[^ ]+ not installed$/ { split($1, part, "."); absent[n_absent++] = part[2]; next }
NF == 3 && $2 + 0 == $2 {
  value[$1] = $2
  if ($1 ~ /^peer\./) {
    split($1, part, ".")
    if (!(part[2] in known)) { known[part[2]] = 1; peers[n_peers++] = part[2] }
  }
}

END {
  print ""
  for (i = 0; i < n_facts; i++) print "- " facts[i]
  for (i = 0; i < n_absent; i++) print "- not installed: " absent[i]
  split("w2 w3 w4", workloads, " ")
  split("double single", precisions, " ")

  print "\nnsde: time of one gradient by memory policy, efficiency T*/T in brackets.\n"
  print "| workload | precision | threads | rows kept | recomputed | binomial |\n|---|---|---:|---:|---:|---:|"
  for (i = 1; i <= 3; i++) for (j = 1; j <= 2; j++) for (t = 1; t <= 2; t++) {
    name = workloads[i] ".gradient." precisions[j] ".t" t
    if (!((name ".seconds") in value)) continue
    printf "| %s | %s | %d |", toupper(workloads[i]), precisions[j], t
    for (k = 0; k < 3; k++) {
      policy = name (k == 0 ? "" : k == 1 ? ".recompute" : ".binomial")
      printf " %s%s |", time_of(policy ".seconds"), (policy ".efficiency") in value ? " (" ratio_of(policy ".efficiency") ")" : ""
    }
    print ""
  }

  if ("w2.gradient.double.t1.steps100.peak_bytes" in value) {
    print "\nW2 over longer horizons, double, one thread: most memory of the process, in MB.\n"
    print "| steps | rows kept | recomputed | binomial |\n|---:|---:|---:|---:|"
    for (steps = 100; steps <= 10000; steps *= 10) {
      printf "| %d |", steps
      for (k = 0; k < 3; k++) {
        name = "w2.gradient.double.t1" (k == 0 ? "" : k == 1 ? ".recompute" : ".binomial") ".steps" steps ".peak_bytes"
        printf " %s |", name in value ? sprintf("%.1f", value[name] / 1e6) : "–"
      }
      print ""
    }
  }

  if (n_peers) {
    print "\nPeers: their seconds divided by nsde's (rows kept), same workload, precision and threads. Above 1 nsde is faster.\n"
    printf "| workload | precision | threads | nsde |"
    for (p = 0; p < n_peers; p++) printf " %s |", peers[p]
    printf "\n|---|---|---:|---:|"
    for (p = 0; p < n_peers; p++) printf "---:|"
    print ""
    for (i = 1; i <= 3; i++) for (j = 1; j <= 2; j++) for (t = 1; t <= 2; t++) {
      name = workloads[i] ".gradient." precisions[j] ".t" t ".seconds"
      if (!(name in value)) continue
      printf "| %s | %s | %d | %s |", toupper(workloads[i]), precisions[j], t, time_of(name)
      for (p = 0; p < n_peers; p++) {
        other = "peer." peers[p] "." name
        printf " %s |", other in value ? sprintf("%.2f", value[other] / value[name]) : "–"
      }
      print ""
    }
    print "\nRelative error of each peer's slope against a central difference with the same noise:\n"
    print "| peer | error |\n|---|---:|"
    for (p = 0; p < n_peers; p++) if (("peer." peers[p] ".slope_error") in value)
      printf "| %s | %.1e |\n", peers[p], value["peer." peers[p] ".slope_error"]
  }

  shown = 0
  for (name in value) if (name ~ /^rate\./) shown = 1
  if (shown) {
    print "\nThe machine in the same run:\n"
    print "| figure | value |\n|---|---:|"
    m = split("dgemm64 exp tanh softplus normal gsl_ziggurat", rates, " ")
    for (i = 1; i <= m; i++) if (("rate." rates[i]) in value)
      printf "| rate.%s | %.3g %s |\n", rates[i], value["rate." rates[i]], i == 1 ? "GFLOP/s" : "10⁹/s"
  }
  print ""
}
