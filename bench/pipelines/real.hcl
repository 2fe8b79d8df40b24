# Work real: rows shaped like those of real exports, published as Parquet.
project {
  memory = "128MiB"
  state  = "state"
}

variable "data" {
  type = text
}

connection "local" "data" {
  path = var.data
}

connection "local" "portal" {
  path = "published"
}

pipeline "grants" {
  authorization {
    allowed   = true
    reference = "invented data"
  }
  source "file" "grants" {
    connection = connection.local.data
    path       = "real.csv"
    not_personal = {
      nomAttribuant   = "a public body"
      nomBeneficiaire = "associations and towns, spliced at random"
      idBeneficiaire  = "invented"
    }
    format "csv" {
      columns = {
        dateConvention        = date
        montant               = decimal(12, 2)
        pourcentageSubvention = float64
      }
    }
  }
  privacy {
    public = ["nomAttribuant", "idAttribuant", "dateConvention", "referenceDecision", "nomBeneficiaire", "idBeneficiaire", "objet",
    "montant", "nature", "conditionsVersement", "datesPeriodeVersement", "notificationUE", "pourcentageSubvention"]
    expect "nomBeneficiaire" {
      kinds  = ["name"]
      reason = "names of associations, spliced at random"
    }
  }
  load "local" "portal" {
    connection = connection.local.portal
    file "parquet" {
      level = 1
    }
  }
}
