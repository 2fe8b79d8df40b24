package messages

// lookedTexts: what the texts of a file that is judged alone hold. Codes LAV-4462 to LAV-4465.
var lookedTexts = []*Message{AuditTexts, UnprovedTexts}

var (
	AuditTexts = &Message{Code: "LAV-4462", Class: Refused,
		EN: Text{"the texts hold what names persons: {found}", "do not publish the file; give the column a text or identifier block, leave it out, or, when it is right to publish that, say so in the policy with expect \"<column>\" { kinds, reason }"},
		FR: Text{"les textes contiennent de quoi nommer des personnes : {found}", "ne publiez pas le fichier ; donnez à la colonne un bloc text ou identifier, retirez-la, ou, s'il est légitime de publier cela, dites-le dans la politique par expect \"<colonne>\" { kinds, reason }"}}
	UnprovedTexts = &Message{Code: "LAV-4463", Class: Warning,
		EN: Text{"that the texts of column {column} name nobody: {found}", "look at it; if it is right, say so with expect \"{column}\" { kinds, reason }"},
		FR: Text{"que les textes de la colonne {column} ne nomment personne : {found}", "regardez-la ; si c'est légitime, dites-le par expect \"{column}\" { kinds, reason }"}}
)
