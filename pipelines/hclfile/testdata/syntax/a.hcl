
connection "local" "depot" {
  path = "depot"
}
pipeline "a" {
  title = "x
}
