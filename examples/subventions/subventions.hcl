# Conventions de subvention d'un département : un export cp1252 du logiciel de
# finances devient un jeu de données au format des données essentielles.
#
#   lavoir run examples/subventions

variable "depot" {
  type        = text
  default     = "donnees"
  description = "Dossier où le logiciel dépose ses exports."
}

variable "fichier" {
  type        = text
  default     = "subventions_(?<exercice>\\d{4}).csv"
  description = "Nom des exports ; ce que capture (?<exercice>…) choisit l'exercice."
}

variable "sortie" {
  type        = text
  default     = "published"
  description = "Dossier publié."
}

variable "exercices" {
  type    = list(text)
  default = ["2017"]
}

connection "local" "depot" {
  path = var.depot
}

connection "local" "portail" {
  path = var.sortie
}

steps "conventions" {
  # Le tableur laisse des lignes vides sous la dernière convention.
  transform "filter" "lignes_vides" {
    where = row.referenceDecision != null
  }
  transform "rename" "noms_du_schema" {
    columns = {
      NomAttribuant         = "nomAttribuant"
      datesperiodeVersement = "datesPeriodeVersement"
    }
  }
  # L'export sépare les deux dates par « _ », le schéma par « / ».
  transform "derive" "periode" {
    columns = {
      datesPeriodeVersement = replace(row.datesPeriodeVersement, "_", "/")
    }
  }
}

privacy "beneficiaires" {
  # Un nom n'est publié que s'il accompagne un SIRET valide ; sans SIRET, ou
  # avec un numéro faux, c'est peut-être une personne : il est masqué.
  identifier "nomBeneficiaire" {
    clear_when = is_siret(row.idBeneficiaire)
    otherwise  = "Personne physique"
  }
  identifier "idBeneficiaire" {
    clear_when = is_siret(row.idBeneficiaire)
    action     = "null"
  }
  public = [
    "nomAttribuant", "idAttribuant", "dateConvention", "referenceDecision", "objet", "montant", "nature",
    "conditionsVersement", "datesPeriodeVersement", "idRAE", "notificationUE", "pourcentageSubvention",
  ]
}

pipeline "subventions" {
  partition "exercice" {
    values = var.exercices
  }
  authorization {
    allowed   = true
    reference = "décret 2017-779, conventions de plus de 23 000 euros"
  }
  source "file" "conventions" {
    connection = connection.local.depot
    path       = var.fichier
    not_personal = {
      NomAttribuant = "l'attribuant est une collectivité"
      idAttribuant  = "l'attribuant est une collectivité"
    }
    format "csv" {
      encoding  = "cp1252"
      delimiter = ";"
      decimal   = ","
      thousands = " "
      columns = {
        dateConvention        = date
        montant               = decimal(12, 2)
        pourcentageSubvention = decimal(5, 4)
      }
    }
  }
  steps = steps.conventions
  privacy {
    use = privacy.beneficiaires
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "subventions/${partition.key}"
    file "parquet" {}
    file "csv" {
      profile = "scdl"
    }
  }
}
