# Of a pinned schema the columns that are no free text; the others one by one.
schema "actes" {
  file   = "actes.json"
  sha256 = "37620c4f6f99381de564c5ef96726b0afce8fe78f702e31d7b02eb488b339923"
}
locals {
  publics = [for c in schema.actes.columns : c if c != "votes"]
}
connection "local" "depot" {
  path = "depot"
}
privacy "actes" {
  public = concat(schema.actes.columns, ["objet"])
}
pipeline "actes" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  privacy {
    use = privacy.actes
  }
}
pipeline "sans_votes" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  privacy {
    public = local.publics
  }
}
