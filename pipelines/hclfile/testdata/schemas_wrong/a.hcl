schema "libre" {
  file = "actes.json"
}
schema "change" {
  file   = "actes.json"
  sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
}
schema "absent" {
  file   = "nosuch.json"
  sha256 = "37620c4f6f99381de564c5ef96726b0afce8fe78f702e31d7b02eb488b339923"
}
schema "liste" {
  file   = "list.json"
  sha256 = "37620c4f6f99381de564c5ef96726b0afce8fe78f702e31d7b02eb488b339923"
}
schema "deux" {
  file   = "twice.json"
  sha256 = "d41b9713c1f780f7e365eb90714e28ff3ec2a21dfdd09f423cd23e62e8ef9254"
}
schema "vide" {
  file   = "empty.json"
  sha256 = "b52ea298276c51d35d15d6c14f14330590b6d0d0d2bc6854f071549aabe89dcb"
}
schema "sans_fichier" {
}
connection "local" "depot" {
  path = "depot"
}
pipeline "actes" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  privacy {
    public = concat(schema.nosuch.columns, ["objet"])
  }
}
