
variable "missing" {
  type = text
}
variable "wrong" {
  type    = list(number)
  default = ["a"]
}
variable "type" {
  type    = entier
  default = 1
}
variable "untyped" {
  default = 1
}
variable "2x" {
  type = text
}
variable "computed" {
  type    = text
  default = local.x
}
project {
  memory = "beaucoup"
}
project {
}
