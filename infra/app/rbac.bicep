metadata description = 'Every role assignment of this template.'

param storageName string
param vaultName string
param componentName string

@description('Principal of the app’s identity.')
param appPrincipalId string

@description('Principal of the gateway’s identity; empty without a gateway.')
param gatewayPrincipalId string

@description('Who may read and change the tables and read the secrets from a laptop, enough to be any user; empty for nobody. Not for production.')
param developerPrincipalId string

@allowed(['User', 'Group', 'ServicePrincipal'])
param developerPrincipalType string

var roles = {
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6'
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
}

// The Functions host keeps its locks and keys in blobs, and packages are read from one. Without a queue or blob
// trigger it needs no queues.
var appStorageRoles = ['Storage Blob Data Owner', 'Storage Table Data Contributor']
var publishers = empty(gatewayPrincipalId) ? [appPrincipalId] : [appPrincipalId, gatewayPrincipalId]

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource appStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in appStorageRoles: {
    scope: storage
    name: guid(storage.id, appPrincipalId, roles[role])
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
    }
  }
]

resource appVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, appPrincipalId, roles['Key Vault Secrets User'])
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Key Vault Secrets User']
    )
  }
}

resource telemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principalId in publishers: {
    scope: component
    name: guid(component.id, principalId, roles['Monitoring Metrics Publisher'])
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles['Monitoring Metrics Publisher']
      )
    }
  }
]

resource developerStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(developerPrincipalId)) {
  scope: storage
  name: guid(storage.id, developerPrincipalId, roles['Storage Table Data Contributor'])
  properties: {
    principalId: developerPrincipalId
    principalType: developerPrincipalType
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Storage Table Data Contributor']
    )
  }
}

resource developerVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(developerPrincipalId)) {
  scope: vault
  name: guid(vault.id, developerPrincipalId, roles['Key Vault Secrets User'])
  properties: {
    principalId: developerPrincipalId
    principalType: developerPrincipalType
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Key Vault Secrets User']
    )
  }
}
