param name string
param location string
param tags object

@description('Container that the packages are deployed to.')
param containerName string

@description('Beginning of every table’s name.')
param tablePrefix string

@description('Whether only private endpoints reach the account.')
param isPrivate bool

@description('The tables of src/azure/tables.ts.')
var tableNames = [
  'Notes'
  'Sessions'
  'Clients'
  'Requests'
  'SignIns'
  'Codes'
  'Grants'
  'RefreshTokens'
  'Consents'
  'Replies'
  'Limits'
  'Expiries'
]

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'None', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource container 'containers' = {
      name: containerName
      properties: { publicAccess: 'None' }
    }
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource tables 'tables' = [
      for table in tableNames: {
        name: '${tablePrefix}${table}'
      }
    ]
  }
}

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output tableEndpoint string = account.properties.primaryEndpoints.table
output containerName string = account::blobs::container.name
output tableServiceId string = account::tableService.id
