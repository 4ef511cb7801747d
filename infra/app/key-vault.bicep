param name string
param location string
param tags object

@description('Whether a deleted vault must wait out its retention. Cannot be taken back, and `azd down --purge` leaves the vault.')
param purgeProtection bool

@description('Whether only private endpoints reach the vault. Its keys are made through Azure Resource Manager, which needs no way in.')
param isPrivate bool

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    // False is refused: purge protection is on or unsaid.
    enablePurgeProtection: purgeProtection ? true : null
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }
}

output id string = vault.id
output name string = vault.name
output url string = vault.properties.vaultUri
