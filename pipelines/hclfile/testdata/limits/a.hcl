
limits "l" {
  max = 0
}
connection "local" "a" {
  path   = "a"
  limits = "l"
}
connection "local" "b" {
  path   = "a"
  limits = limits.m
  max    = "x"
}
connection "locale" "c" {
}
