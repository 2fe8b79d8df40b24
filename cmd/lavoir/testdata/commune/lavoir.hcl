# Subventions de deux communes inventées ; une troisième n'a pas délibéré.
variable "sortie" {
  type    = text
  default = "public"
}

variable "exercices" {
  type    = list(text)
  default = ["2023", "2024"]
}

connection "local" "depot" {
  path = "donnees"
}

connection "local" "portail" {
  path = var.sortie
}

tenants "communes" {
  file = "communes.csv"
  key  = "cle"
}

pipeline "subventions" {
  for_each = tenants.communes
  partition "exercice" {
    values = var.exercices
  }
  authorization {
    allowed   = each.value.opendata == "oui"
    reference = each.value.deliberation
  }
  source "file" "export" {
    connection = connection.local.depot
    path       = "${each.key}/subventions_(?<exercice>\\d{4}).csv"
    personal   = ["nom"]
    format "csv" {
      delimiter = ";"
      decimal   = ","
      columns = {
        id         = int64
        nom        = text
        type_tiers = text
        montant    = decimal(12, 2)
      }
    }
  }
  transform "filter" "positives" {
    where = row.montant > 0
  }
  privacy {
    identifier "nom" {
      clear_when = row.type_tiers == "ASSO"
      otherwise  = "Personne physique"
    }
    public = ["id", "type_tiers", "montant"]
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "subventions/${each.key}/${partition.key}"
    file "parquet" {}
    file "csv" {}
  }
}
